// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bench_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "bench/bench.h"
#include "os/files.h"

namespace diglab {
namespace {

struct BenchArguments {
  std::string what;
  int repetitions = 10;
  std::string json;
  std::string kernel;
  std::string uri;
};

Result<BenchReport> measure(const BenchArguments& arguments, CliContext& context) {
  if (arguments.what == "parser") {
    const auto program = context.binaries.parent_path() / "digest-lists" / "format" / "parser_bench";
    return bench_parser(context.processes, program, arguments.repetitions, context.stop);
  }
  Lab lab({.source = context.source,
           .cache = context.cache,
           .binaries = context.binaries,
           .uri = arguments.uri,
           .pool = {}, .tpm_ca = {},
           .kernel = arguments.kernel},
          context.processes, [](std::string_view what, std::optional<double> fraction) {
            if (!fraction) fmt::print(stderr, "diglab: {}\n", what);
          });
  if (arguments.what == "boot") return bench_boot(lab, context.processes, arguments.repetitions, context.stop);
  if (arguments.what == "kernel") return bench_kernel(lab, arguments.repetitions, context.stop);
  return bench_snapshot(lab, arguments.repetitions, context.stop);
}

int run_bench(const BenchArguments& arguments, CliContext& context) {
  auto report = measure(arguments, context);
  if (!report) return report_error(report.error());
  fmt::print("{}", report->to_text());
  if (!arguments.json.empty()) {
    if (auto written = write_file(arguments.json, report->to_json() + "\n"); !written) return report_error(written.error());
  }
  for (const BenchTarget& target : report->targets)
    if (!target.met()) return 1;
  return 0;
}

}  // namespace

void add_bench_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "Measure boots, snapshots, digest lists and their parser; exit status 1 when a target is missed");
  command->add_option("WHAT", arguments->what, "boot: agent ready against a bare initramfs shell; snapshot: restore against boot; kernel: what digest lists cost; parser: how fast headers are converted")
      ->required()
      ->check(CLI::IsMember({"boot", "snapshot", "kernel", "parser"}));
  command->add_option("--repetitions,-n", arguments->repetitions, "How many times each thing is measured, in turn")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  command->add_option("--json", arguments->json, "Also write samples, medians, quartiles and ratios to this file");
  command->add_option("--kernel", arguments->kernel, "Another kernel: a flavour, tree:PATH or image:PATH");
  command->add_option("--connect", arguments->uri, "libvirt URI of the host to run on; default: inside this process");
  command->callback([arguments, &context, &chosen] { chosen = [arguments, &context] { return run_bench(*arguments, context); }; });
}

}  // namespace diglab
