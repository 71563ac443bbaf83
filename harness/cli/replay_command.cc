// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/replay_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>

#include "cli/find_run.h"
#include "cli/machine_options.h"
#include "judge/safe_text.h"
#include "judge/stream.h"
#include "judge/upgrade_trace.h"
#include "os/clock.h"
#include "report/progress.h"
#include "report/write.h"
#include "run/suite.h"
#include "scenario/parse.h"
#include "scenario/variant.h"

namespace diglab {
namespace {

struct ReplayArguments {
  std::string place;
  std::string variant;
  std::string step;
  std::string results;
  std::string uri;
  MachineOptions machines;
};

/// "results/20261122-122850/upgrade/no-denial/37": a run, a group and a name, and a number.
struct Place {
  std::string run;
  ScenarioId scenario;
  unsigned point = 0;
};

Result<Place> parse_place(const std::string& text) {
  const std::filesystem::path path(text);
  const std::filesystem::path scenario = path.parent_path();
  const std::filesystem::path run = scenario.parent_path().parent_path();
  Place place{.run = run.string(), .scenario = ScenarioId(fmt::format("{}/{}", scenario.parent_path().filename().string(), scenario.filename().string()))};
  const std::string number = path.filename().string();
  const auto read = std::from_chars(number.data(), number.data() + number.size(), place.point);
  if (run.empty() || read.ec != std::errc{} || read.ptr != number.data() + number.size())
    return fail(ErrorKind::usage, fmt::format("'{}' is not RUN/GROUP/NAME/NUMBER, as in 20261122-122850/upgrade/no-denial/37", text));
  return place;
}

/// A step of a stored run that has a trace with the point.
struct Found {
  const VariantRecord* variant;
  const StepRecord* step;
  UpgradeTrace::Point point;
};

/// The one that was asked for; otherwise one in which something was not as it should be, if there is one.
Result<Found> find_step(const ScenarioRecord& record, const ReplayArguments& arguments, unsigned point) {
  std::optional<Found> found;
  for (const VariantRecord& variant : record.variants) {
    for (const StepRecord& step : variant.steps) {
      if (!step.end || (!arguments.variant.empty() && arguments.variant != variant.name) || (!arguments.step.empty() && arguments.step != step.begin.step.str())) continue;
      const auto trace = parse_upgrade_trace(step.end->out);
      const auto* there = trace ? trace->point(point) : nullptr;
      if (!there || (found && !trace->is_violated())) continue;
      found = Found{&variant, &step, *there};
      if (trace->is_violated()) return *found;
    }
  }
  if (found) return *found;
  return fail(ErrorKind::usage, fmt::format("no step of {} that was asked for traced a point {}", record.id.str(), point));
}

/// The steps of the variant up to that one, which goes to the point.
Result<Scenario> scenario_for(const ScenarioRecord& record, const Found& found) {
  Scenario scenario = TRY(parse_scenario(record.begin->text, record.begin->file));
  Variant variant = variant_of(scenario, found.variant->name);
  scenario.machine = std::move(variant.machine);
  scenario.policy = std::move(variant.policy);
  scenario.steps = std::move(variant.steps);
  scenario.rounds = 1;
  scenario.checks.clear();
  scenario.control.reset();
  const auto step = std::ranges::find(scenario.steps, found.step->begin.step, &Step::id);
  auto* run = step == scenario.steps.end() ? nullptr : std::get_if<step::Run>(&step->body);
  if (!run || !run->script) return fail(ErrorKind::usage, fmt::format("step {} is no script of its own", found.step->begin.step.str()));
  run->script = fmt::format("export DIGLAB_PROBE_POINT={}\n{}", shell_quote(found.point.to_string()), *run->script);
  scenario.steps.erase(step + 1, scenario.steps.end());
  return scenario;
}

int say(const event::StepEnd& end) {
  const auto trace = parse_upgrade_trace(end.out);
  if (!trace || !end.exit_status) {
    fmt::print(stderr, "diglab: the step ended without a trace\n{}", safe_text(end.err));
    return 3;
  }
  for (const auto& one : trace->attempts)
    fmt::print("{:9} {:7} {} {}{}\n", one.is_violation() ? "VIOLATION" : "", one.access, one.path, one.result, one.never ? " (must never be allowed)" : "");
  if (*end.exit_status > 1) {
    fmt::print(stderr, "{}", safe_text(end.err));
    fmt::print("the transaction did not come to that point again\n");
    return 3;
  }
  fmt::print("{}\n", trace->is_violated() ? "not as it should be at that point" : "as it should be at that point");
  return trace->is_violated() ? 1 : 0;
}

Result<int> replay(const ReplayArguments& arguments, CliContext& context) {
  const Place place = TRY(parse_place(arguments.place));
  const auto directory = TRY(find_run(context.source / "results", place.run));
  const auto stored = TRY(load_run(directory));
  const RunRecord recorded = sort_events(stored.events);
  const auto record = std::ranges::find(recorded.scenarios, place.scenario, &ScenarioRecord::id);
  if (record == recorded.scenarios.end() || !record->begin)
    return fail(ErrorKind::usage, fmt::format("{} has no scenario {}", directory.string(), place.scenario.str()));
  // The machine that it was on, unless another is asked for.
  MachineOptions machines = recorded.begin ? MachineOptions::among(recorded.begin->options) : MachineOptions{};
  if (!arguments.machines.kernel.empty()) machines.kernel = arguments.machines.kernel;
  if (!arguments.machines.suite.empty()) machines.suite = arguments.machines.suite;
  const Found found = TRY(find_step(*record, arguments, place.point));
  const Scenario scenario = TRY(scenario_for(*record, found));
  fmt::print("{}, step {}, held after {}{}\n", found.variant->name, found.step->begin.step.str(), one_line(found.point.to_string(), 200),
             one_line(fmt::format(" {}", fmt::join(machines.words(), " ")), 200));
  std::fflush(stdout);

  SystemClock clock;
  const auto results = TRY(make_results_directory(arguments.results.empty() ? context.source / "results" : std::filesystem::path(arguments.results), clock));
  const auto log = TRY(EventLog::create(results, clock, [](const Event&) {}));
  Lab lab({.source = context.source, .cache = context.cache, .binaries = context.binaries, .uri = arguments.uri, .pool = {}, .tpm_ca = {}, .kernel = machines.kernel, .suite = machines.suite},
          context.processes, [&](std::string_view what, std::optional<double> fraction) { log->write(event::Phase{.what = std::string(what), .fraction = fraction}); });
  TRY_VOID(run_suite(lab, {scenario}, {.results = results, .command = context.command_line, .version = {}, .rerun_options = machines.words(), .jobs = 1}, *log, context.stop));
  const std::vector<Event> events = log->events();
  for (const Event& event : events) {
    if (const auto* fault = std::get_if<event::Fault>(&event.body)) return fail(ErrorKind::infra, fault->message);
    const auto* end = std::get_if<event::StepEnd>(&event.body);
    if (end && end->step == found.step->begin.step) return say(*end);
  }
  return fail(ErrorKind::infra, "the step did not end");
}

}  // namespace

void add_replay_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = app.add_subcommand("replay", "Go to one point of a traced package transaction again, and say what is allowed there");
  command->add_option("PLACE", arguments->place, "RUN/SCENARIO/POINT, as the report names it: 20261122-122850/upgrade/early-unload-defect/37")->required();
  command->add_option("--variant", arguments->variant, "main or control; default: where something was not as it should be");
  command->add_option("--step", arguments->step, "The step that has the trace; default likewise");
  command->add_option("--kernel", arguments->machines.kernel, "As for run; default: as the run had it");
  command->add_option("--suite", arguments->machines.suite, "As for run; default: as the run had it");
  command->add_option("--connect", arguments->uri, "As for run");
  command->add_option("--results", arguments->results, "As for run");
  command->callback([arguments, &context, &chosen] {
    chosen = [arguments, &context] {
      auto status = replay(*arguments, context);
      return status ? *status : report_error(status.error());
    };
  });
}

}  // namespace diglab
