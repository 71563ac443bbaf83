// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/machine_options.h"
#include "cli/read_scenarios.h"
#include "judge/verdict.h"
#include "os/clock.h"
#include "report/ktap.h"
#include "report/progress.h"
#include "report/table.h"
#include "report/write.h"
#include "run/suite.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

constexpr std::string_view release_version = "0.1";  // where there is no git to describe the source

struct RunArguments {
  Selection selection;
  std::string shard;
  std::string scenarios;
  MachineOptions machines;
  std::string uri;
  std::string pool;
  std::string tpm_ca;
  unsigned jobs = 0;
  std::string results;
  bool ktap = false;
};

/// What a run says at its end: the verdicts on standard output, everything else in files.
int conclude(const std::filesystem::path& results, const EventLog& log, bool ktap) {
  std::vector<Event> events = log.events();
  std::vector<Verdict> verdicts = judge(events, evidence_in(results));
  auto written = write_reports(results, events, verdicts);
  bool colour = ProgressStyle::for_descriptor(STDOUT_FILENO).colour;
  fmt::print("{}", ktap ? to_ktap(verdicts) : to_table(verdicts, results / "report.html", colour));
  Totals totals = totals_of(verdicts);
  if (!ktap) fmt::print("{} passed, {} failed, {} skipped\n", totals.pass, totals.fail + totals.broken, totals.skip);
  if (!written) return report_error(written.error());
  return exit_status(events, verdicts);
}

Result<std::string> version_of(CliContext& context) {
  RunOptions options;
  options.deadline = Deadline::in(std::chrono::seconds(10), context.stop);
  auto described = context.processes.run(Command{"git", "describe", "--always", "--dirty"}.in(context.source), options);
  if (!described || !described->end.succeeded()) return std::string(release_version);
  std::string version = described->out;
  while (!version.empty() && version.back() == '\n') version.pop_back();
  return version;
}

Result<std::vector<Scenario>> chosen_scenarios(const RunArguments& arguments, const CliContext& context) {
  Selection selection = arguments.selection;
  if (!arguments.shard.empty()) selection.shard = TRY(parse_shard(arguments.shard), "--shard");
  return select(TRY(read_scenarios(context, arguments.scenarios)), selection);
}

/// The options that change what a scenario runs on; paths of this host are made such that they are right from any directory.
std::vector<std::string> rerun_options(const RunArguments& arguments) {
  std::vector<std::string> words = arguments.machines.words();
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  add("--connect", arguments.uri);
  add("--pool", arguments.pool);
  const auto absolute = [](const std::string& path) { return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string(); };
  add("--tpm-ca", absolute(arguments.tpm_ca));
  add("--scenarios", absolute(arguments.scenarios));
  return words;
}

Result<int> run_scenarios(const RunArguments& arguments, CliContext& context) {
  std::vector<Scenario> scenarios = TRY(chosen_scenarios(arguments, context));
  SystemClock clock;
  std::filesystem::path parent = arguments.results.empty() ? context.source / "results" : std::filesystem::path(arguments.results);
  std::filesystem::path results = TRY(make_results_directory(parent, clock));

  Progress progress(ProgressStyle::for_descriptor(STDERR_FILENO), evidence_in(results), [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  });
  std::unique_ptr<EventLog> log = TRY(EventLog::create(results, clock, [&progress](const Event& event) { progress(event); }));
  progress.keep_time();
  Lab lab({.source = context.source,
           .cache = context.cache,
           .binaries = context.binaries,
           .uri = arguments.uri,
           .pool = arguments.pool,
           .tpm_ca = arguments.tpm_ca,
           .kernel = arguments.machines.kernel,
           .suite = arguments.machines.suite},
          context.processes,
          [&](std::string_view what, std::optional<double> fraction) { log->write(event::Phase{.what = std::string(what), .fraction = fraction}); });
  auto version = TRY(version_of(context));
  SuiteOptions options{.results = results,
                       .command = context.command_line,
                       .version = std::move(version),
                       .rerun_options = rerun_options(arguments),
                       .jobs = arguments.jobs};
  auto ran = run_suite(lab, scenarios, options, *log, context.stop);
  progress.finish();
  if (!ran) {
    log->write(event::Fault{.where = {}, .kind = std::string(to_string(ran.error().kind())), .message = ran.error().to_string()});
    return fail(std::move(ran).error());
  }
  return conclude(results, *log, arguments.ktap);
}

}  // namespace

void add_run_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "Run scenarios and print their verdicts");
  command->add_option("SELECT", arguments->selection.patterns,
                      "Ids, groups or globs: appraise/known-runs, measure, 'attest/*'; default: the scenarios tagged default");
  command->add_option("--tag", arguments->selection.tags, "Scenarios with this tag (may be repeated)");
  command->add_option("--without-tag", arguments->selection.without_tags, "And not those with this tag (may be repeated)");
  command->add_option("--kernel", arguments->machines.kernel, "Instead of what scenarios ask for: a flavour, tree:PATH or image:PATH");
  command->add_option("--suite", arguments->machines.suite, "Guests of this suite of Debian, instead of what scenarios ask for: trixie, sid");
  command->add_option("--jobs,-j", arguments->jobs, "Machines at once; default: as many as there are cores")->check(CLI::Range(0, 1024));
  command->add_option("--connect", arguments->uri, "libvirt URI of the host to run on; default: QEMU inside this process");
  command->add_option("--pool", arguments->pool, "Directory of that host which gets copies of kernels and disks, if it cannot read ours");
  command->add_option("--tpm-ca", arguments->tpm_ca, "Certificates (PEM) that signed the endorsement keys of that host's TPMs; default: our own");
  command->add_option("--shard", arguments->shard, "I/N: only part I of N, for several workers");
  command->add_option("--results", arguments->results, "Directory that gets a directory for this run; default: results/");
  command->add_option("--scenarios", arguments->scenarios, "Directory of scenario files; default: scenarios/");
  command->add_flag("--ktap", arguments->ktap, "Print KTAP instead of the table");
  command->callback([arguments, &context, &chosen] {
    chosen = [arguments, &context] {
      auto status = run_scenarios(*arguments, context);
      return status ? *status : report_error(status.error());
    };
  });
}

}  // namespace diglab
