// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/mutants_command.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>

#include "cli/read_scenarios.h"
#include "judge/verdict.h"
#include "kernel/mutants.h"
#include "os/clock.h"
#include "report/write.h"
#include "run/suite.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

struct MutantsArguments {
  std::vector<std::string> names;
  bool sample = false;
  bool list = false;
  std::string kernel;
  std::string results;
};

/// What became of one mutant.
struct Fate {
  enum class Kind { noticed, survived, broken };
  Kind kind = Kind::survived;
  std::string by;      ///< The scenario that noticed it.
  std::string reason;  ///< How it was noticed, or why nothing can be said.
  std::chrono::seconds took{0};
};

std::string_view word_for(Fate::Kind kind) {
  switch (kind) {
    case Fate::Kind::noticed: return "NOTICED";
    case Fate::Kind::survived: return "SURVIVED";
    case Fate::Kind::broken: return "BROKEN";
  }
  return "";
}

Result<std::vector<Mutant>> chosen_mutants(const MutantsArguments& arguments, const CliContext& context) {
  std::vector<Mutant> chosen;
  std::vector<Mutant> all = TRY(read_mutants(context.source / "kernel-patches" / "mutants"));
  for (const std::string& name : arguments.names) {
    if (std::ranges::none_of(all, [&](const Mutant& mutant) { return ::fnmatch(name.c_str(), mutant.name.c_str(), 0) == 0; }))
      return fail(ErrorKind::usage, fmt::format("there is no mutant '{}'; diglab mutants --list shows them", name));
  }
  for (Mutant& mutant : all) {
    const bool named = arguments.names.empty() || std::ranges::any_of(arguments.names, [&](const std::string& name) {
                         return ::fnmatch(name.c_str(), mutant.name.c_str(), 0) == 0;
                       });
    if (named && (!arguments.sample || mutant.sample)) chosen.push_back(std::move(mutant));
  }
  return chosen;
}

/// One scenario on a laboratory whose kernels have the defect; evidence and report as in any run.
Result<Verdict> run_one(Lab& lab, const Scenario& scenario, const Mutant& mutant, const MutantsArguments& arguments, CliContext& context) {
  SystemClock clock;
  const auto parent = arguments.results.empty() ? context.source / "results" : std::filesystem::path(arguments.results);
  const auto results = TRY(make_results_directory(parent, clock));
  auto log = TRY(EventLog::create(results, clock, [](const Event&) {}));
  const SuiteOptions options{.results = results, .command = context.command_line, .version = "mutant " + mutant.name, .rerun_options = {}, .jobs = 0};
  TRY_VOID(run_suite(lab, {scenario}, options, *log, context.stop));
  const auto events = log->events();
  const auto verdicts = judge(events, evidence_in(results));
  TRY_VOID(write_reports(results, events, verdicts));
  if (context.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted");
  return verdicts.at(0);
}

/// Scenario after scenario, until one fails. A kernel that does not even boot is noticed by the scenario that needs it to.
Result<Fate> fate_of(const Mutant& mutant, const std::vector<Scenario>& scenarios, Lab& lab, const MutantsArguments& arguments, CliContext& context) {
  const auto start = std::chrono::steady_clock::now();
  lab.replace_more_patches({mutant.patch});
  Fate fate;
  for (const Scenario& scenario : scenarios) {
    auto verdict = run_one(lab, scenario, mutant, arguments, context);
    if (!verdict && verdict.error().kind() == ErrorKind::interrupted) return fail(std::move(verdict).error());
    if (!verdict) {
      fate = {.kind = Fate::Kind::broken, .by = {}, .reason = verdict.error().to_string(), .took = {}};
      break;
    }
    if (verdict->outcome == Outcome::fail) {
      fate = {.kind = Fate::Kind::noticed, .by = scenario.id.str(), .reason = verdict->reason, .took = {}};
      break;
    }
    if (verdict->outcome != Outcome::pass) {
      fate = {.kind = Fate::Kind::broken, .by = scenario.id.str(), .reason = verdict->reason, .took = {}};
      break;
    }
  }
  fate.took = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  return fate;
}

int run_mutants(const MutantsArguments& arguments, CliContext& context) {
  const auto mutants = chosen_mutants(arguments, context);
  if (!mutants) return report_error(mutants.error());
  const auto catalogue = read_scenarios(context);
  if (!catalogue) return report_error(catalogue.error());
  std::vector<std::vector<Scenario>> scenarios;
  for (const Mutant& mutant : *mutants) {
    auto& mine = scenarios.emplace_back();
    for (const std::string& id : mutant.noticed_by) {
      auto found = select(*catalogue, {.patterns = {id}, .tags = {}, .without_tags = {}, .shard = {}});
      if (!found) return report_error(std::move(found).error().within(mutant.name));
      mine.insert(mine.end(), found->begin(), found->end());
    }
  }
  std::size_t width = 0;
  for (const Mutant& mutant : *mutants) width = std::max(width, mutant.name.size());
  if (arguments.list) {
    for (const Mutant& mutant : *mutants) fmt::print("{:<{}}  {}\n", mutant.name, width, mutant.breaks);
    return 0;
  }
  std::string present;
  Lab lab({.source = context.source, .cache = context.cache, .binaries = context.binaries, .uri = {}, .pool = {}, .tpm_ca = {}, .kernel = arguments.kernel},
          context.processes, [&](std::string_view what, std::optional<double> fraction) {
            if (!fraction) fmt::print(stderr, "diglab: {}: {}\n", present, what);
          });
  int noticed = 0, survived = 0, broken = 0;
  for (std::size_t i = 0; i < mutants->size(); ++i) {
    const Mutant& mutant = (*mutants)[i];
    present = mutant.name;
    const auto fate = fate_of(mutant, scenarios[i], lab, arguments, context);
    if (!fate) return report_error(fate.error());
    (fate->kind == Fate::Kind::noticed ? noticed : fate->kind == Fate::Kind::survived ? survived : broken) += 1;
    fmt::print("{:<8}  {:<{}}  {:>4} s  {}\n", word_for(fate->kind), mutant.name, width, fate->took.count(),
               fate->kind == Fate::Kind::noticed ? fmt::format("{}: {}", fate->by, fate->reason)
                                                 : fate->kind == Fate::Kind::broken ? fate->reason : mutant.breaks);
    std::fflush(stdout);
  }
  fmt::print("{} noticed, {} survived, {} broken\n", noticed, survived, broken);
  return broken > 0 ? 3 : survived > 0 ? 1 : 0;
}

}  // namespace

void add_mutants_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<MutantsArguments>();
  CLI::App* command = app.add_subcommand("mutants", "Build deliberate defects of the kernel series, and see that scenarios notice them");
  command->add_option("MUTANT", arguments->names, "Names or globs; default: all");
  command->add_flag("--sample", arguments->sample, "Only those of the short list");
  command->add_flag("--list", arguments->list, "Only say what each one breaks");
  command->add_option("--kernel", arguments->kernel, "Put the defects into this kernel instead: tree:PATH");
  command->add_option("--results", arguments->results, "Directory in which each run gets one of its own; default: results/");
  command->callback([arguments, &context, &chosen] { chosen = [arguments, &context] { return run_mutants(*arguments, context); }; });
}

}  // namespace diglab
