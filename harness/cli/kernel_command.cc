// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/kernel_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "image/keys.h"
#include "judge/safe_text.h"
#include "kernel/kernel_store.h"
#include "report/progress.h"
#include "run/lab.h"

namespace diglab {
namespace {

struct KernelArguments {
  std::string kernel = "debian";
  std::string flavour = "stock";
  int jobs = 0;
  std::string id;
};

KernelStore store_of(CliContext& context) {
  return KernelStore(context.cache, context.processes, context.source / "kernel-patches");
}

/// One live line where a run would have such, otherwise a line for each ten per cent and for each new phase.
class ProgressLine {
 public:
  void operator()(std::optional<double> fraction, std::string_view what) {
    const std::string_view phase = what.substr(0, what.find(':'));
    if (style_.live) {
      // A column stays free, or the terminal may have begun the next line.
      fmt::print(stderr, "\r\x1b[K{}", one_line(fmt::format("{} {}", fraction ? fmt::format("{:3.0f}%", *fraction * 100) : "    ", what), std::max(20U, style_.size().columns) - 2));
    } else if (const int tenth = fraction ? static_cast<int>(*fraction * 10) : last_tenth_; tenth != last_tenth_ || phase != last_phase_) {
      fmt::print(stderr, "diglab: {}{}\n", fraction ? fmt::format("{:.0f}% ", *fraction * 100) : "", phase);
      last_tenth_ = tenth;
    }
    last_phase_ = phase;
  }
  ~ProgressLine() {
    if (style_.live && !last_phase_.empty()) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  const ProgressStyle style_ = ProgressStyle::for_descriptor(STDERR_FILENO);
  int last_tenth_ = -1;
  std::string last_phase_;
};

Result<BuiltKernel> build(const KernelArguments& arguments, CliContext& context) {
  const Deadline deadline = Deadline::in(std::chrono::hours(2), context.stop);
  KernelChoice choice = TRY(parse_kernel_choice(arguments.kernel, arguments.flavour));
  KernelRequest request = kernel_request(choice, TRY(LabKeys::provide(context.cache, context.processes, deadline), "the laboratory's keys"));
  request.jobs = arguments.jobs;
  ProgressLine line;
  return store_of(context).provide(request, std::ref(line), deadline);
}

int run_build(const KernelArguments& arguments, CliContext& context) {
  auto kernel = build(arguments, context);
  if (!kernel) return report_error(kernel.error());
  if (!kernel->warning.empty()) fmt::print(stderr, "diglab: warning: {}\n", kernel->warning);
  fmt::print("{}\n  id       {}\n  release  {}\n  image    {} ({:.2f} MB)\n", kernel->source + (kernel->flavour.empty() ? "" : " as " + kernel->flavour), kernel->id,
             kernel->release, kernel->image.string(), static_cast<double>(kernel->image_bytes) / 1e6);
  if (!kernel->config.empty()) fmt::print("  options  {}\n  built    in {:.0f} s{}\n", kernel->options, kernel->build_seconds, kernel->from_cache ? ", some time ago" : "");
  return 0;
}

int run_list(CliContext& context) {
  KernelStore store = store_of(context);
  auto kernels = store.list();
  if (!kernels) return report_error(kernels.error());
  auto flavours = store.flavours();
  if (!flavours) return report_error(flavours.error());
  fmt::print("flavours: {}\n", fmt::join(*flavours, ", "));
  for (const BuiltKernel& kernel : *kernels)
    fmt::print("{:<30}  {:<14} {:<30} {:>6.2f} MB  {}\n", kernel.id, kernel.flavour.empty() ? "-" : kernel.flavour, kernel.release,
               static_cast<double>(kernel.image_bytes) / 1e6, kernel.source);
  return 0;
}

}  // namespace

void add_kernel_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<KernelArguments>();
  CLI::App* command = app.add_subcommand("kernel", "Build kernels into the cache, list them, remove them");
  command->require_subcommand(1);

  CLI::App* build = command->add_subcommand("build", "Build a kernel, or find it in the cache");
  build->add_option("--kernel", arguments->kernel, "debian, tree:PATH, image:PATH, or the name of a flavour")->capture_default_str();
  build->add_option("--flavour", arguments->flavour, "What to make of it: kernel-patches/<version>/flavours/<name>.yaml")->capture_default_str();
  build->add_option("--jobs,-j", arguments->jobs, "Compilers at once; 0: one per CPU")->check(CLI::Range(0, 1024))->capture_default_str();
  build->callback([&context, &chosen, arguments] { chosen = [&context, arguments] { return run_build(*arguments, context); }; });

  CLI::App* list = command->add_subcommand("list", "The flavours that there are, and the kernels in the cache");
  list->callback([&context, &chosen] { chosen = [&context] { return run_list(context); }; });

  CLI::App* remove = command->add_subcommand("remove", "Remove a kernel from the cache");
  remove->add_option("ID", arguments->id, "Its id, or an unambiguous beginning of it")->required();
  remove->callback([&context, &chosen, arguments] {
    chosen = [&context, arguments] {
      auto removed = store_of(context).remove(arguments->id);
      return removed ? 0 : report_error(removed.error());
    };
  });
}

}  // namespace diglab
