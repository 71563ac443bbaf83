// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/scenario_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "judge/check_judge.h"
#include "judge/console.h"
#include "judge/safe_text.h"
#include "judge/step_judge.h"

namespace diglab {
namespace {

/// Judges one variant and adds what it finds to the scenario's verdict.
class VariantJudge {
 public:
  VariantJudge(const Scenario& scenario, const Variant& variant, const VariantRecord& record,
               const EvidenceReader& read, Verdict& verdict)
      : scenario_(scenario),
        variant_(variant),
        record_(record),
        evidence_(record, read, variant.tamper),
        verdict_(verdict) {
    if (variant.name != control_variant || !scenario.control) return;
    for (const Opposite& opposite : scenario.control->opposite) opposites_[opposite.check] = &opposite;
  }

  void judge() {
    panic_wanted_ = may_panic();
    panicked_ = std::ranges::any_of(record_.boots, [](const BootRecord& boot) { return boot.outcome() == "panic"; });
    faults();
    rounds();
    consoles();
    steps();
    checks();
    for (const auto& [id, opposite] : opposites_) {
      if (!judged_.contains(id)) trouble(fmt::format("nothing in the control shows the opposite of '{}'", id.str()));
    }
  }

 private:
  void trouble(std::string why) { verdict_.troubles.push_back(fmt::format("{}: {}", variant_.name, std::move(why))); }

  /// Whether a panic is what this variant is about: `boot: panic` in the main one, or in the control the opposite of
  /// another end.
  [[nodiscard]] bool may_panic() const {
    for (const Check& check : variant_.checks) {
      const auto* boot = std::get_if<check::Boot>(&check.body);
      if (boot && (boot->outcome == "panic") != opposites_.contains(check.id)) return true;
    }
    return false;
  }

  void faults() {
    for (const event::Fault& fault : record_.faults) {
      const bool lost_guest =
          fault.kind == to_string(ErrorKind::boot) || fault.kind == to_string(ErrorKind::guest_lost);
      if (lost_guest && panic_wanted_ && panicked_) continue;
      trouble(fmt::format("{} ({}): {}", fault.kind, place(fault.where), one_line(fault.message, 300)));
    }
  }

  void rounds() {
    for (int round = 1; round <= variant_.rounds; ++round) {
      if (std::ranges::none_of(record_.boots, [&](const BootRecord& boot) { return boot.begin.where.round == round; }))
        trouble(fmt::format("round {} of {} never booted", round, variant_.rounds));
    }
  }

  /// Every boot must have a console: without it nobody can say that the kernel was well. It has also what came when the agent could
  /// not be asked; the kernel's log, what is not urgent enough to be printed (kmemleak).
  void consoles() {
    for (const BootRecord& boot : record_.boots) {
      if (boot.ends.empty())
        trouble(fmt::format("nothing is known about how the boot ended ({})", place(boot.begin.where)));
      const auto same_boot = [&](const event::Evidence* piece) {
        return piece->where.round == boot.begin.where.round && piece->where.boot == boot.begin.where.boot;
      };
      const auto pieces = [&](std::string_view kind) {
        auto all = evidence_.of_kind(kind);
        std::erase_if(all, [&](const event::Evidence* piece) { return !same_boot(piece); });
        return all;
      };
      std::set<std::string> told;
      const auto consoles = pieces("console");
      if (consoles.empty()) trouble(fmt::format("no console was recorded ({})", place(boot.begin.where)));
      for (const event::Evidence* piece : consoles) console(*piece, told);
      for (const event::Evidence* piece : pieces("kernel_log")) console(*piece, told);
    }
  }

  /// `told`: titles of reports of the same boot that are in another piece already.
  void console(const event::Evidence& piece, std::set<std::string>& told) {
    auto text = evidence_.text(piece.file);
    if (!text) return trouble(one_line(text.error().to_string(), 300));
    std::set<std::string> here;
    for (ConsoleEvent& event : classify_console(*text)) {
      if (event.kind == ConsoleEventKind::panic && panic_wanted_) continue;
      if (told.contains(event.title)) continue;
      here.insert(event.title);
      verdict_.console_reports.push_back(one_line(event.title));
      verdict_.console.push_back({.where = piece.where,
                                  .file = piece.file,
                                  .line = event.line,
                                  .kind = std::string(to_string(event.kind)),
                                  .title = one_line(event.title),
                                  .excerpt = safe_text(event.excerpt)});
    }
    told.merge(here);
  }

  void steps() {
    const std::vector<PlannedStep> planned = planned_steps(variant_.steps);
    const std::vector<PlannedStep> main = planned_steps(scenario_.steps);
    std::set<CheckId> seen;
    for (const PlannedStep& item : planned) {
      const CheckId& id = item.step->id;
      if (!seen.insert(id).second) continue;
      const std::string missing = missing_outcomes(item, variant_.rounds, record_);
      if (!missing.empty()) {
        if (panic_wanted_ && panicked_) continue;  // Nothing runs in a guest that must not come up.
        trouble(missing);
        if (std::ranges::none_of(record_.steps,
                                 [&](const StepRecord& step) { return step.begin.step == id && step.end; })) {
          judged_.insert(id);
          continue;
        }
      }
      auto opposite = opposites_.find(id);
      if (opposite == opposites_.end()) {
        add(id, judge_step(id, item.step->expect, record_));
        continue;
      }
      const auto claimed = std::ranges::find(main, id, [](const PlannedStep& step) { return step.step->id; });
      if (claimed == main.end()) continue;
      // What must be seen instead: as the control says, or as the step that it puts in this one's place says.
      std::optional<Expectation> instead = opposite->second->instead;
      if (!instead && scenario_.control->replace.contains(id) && !item.step->expect.empty())
        instead = item.step->expect;
      add_opposite(id, judge_step(id, claimed->step->expect, record_), instead);
    }
  }

  void checks() {
    for (const Check& check : variant_.checks) {
      auto judged = judge_check(check, variant_.rounds, evidence_);
      // In a control, of a guest that must not come up nothing is collected that a further claim could be held against.
      if (!judged && !opposites_.empty() && !opposites_.contains(check.id) && panic_wanted_ && panicked_ && evidence_.sets().empty()) continue;
      if (opposites_.contains(check.id))
        add_opposite(check.id, std::move(judged), std::nullopt);
      else
        add(check.id, std::move(judged));
    }
  }

  /// True when there is something to judge by; otherwise it has become a trouble.
  bool usable(const CheckId& id, const Result<Judged>& judged) {
    judged_.insert(id);
    if (judged) return true;
    trouble(fmt::format("{}: {}", id.str(), one_line(judged.error().to_string(), 300)));
    return false;
  }

  CheckVerdict verdict_of(const CheckId& id, Judged judged) const {
    return {.variant = variant_.name,
            .id = id,
            .met = judged.met,
            .as_wanted = judged.met,
            .opposite = false,
            .expected = std::move(judged.expected),
            .seen = std::move(judged.seen),
            .detail = std::move(judged.detail),
            .diffs = std::move(judged.diffs)};
  }

  void add(const CheckId& id, Result<Judged> judged) {
    if (!usable(id, judged)) return;
    CheckVerdict check = verdict_of(id, std::move(*judged));
    if (!check.as_wanted) {
      const std::string_view prefix = variant_.name == control_variant ? "in the control, " : "";
      objection(fmt::format("{}{}: expected {}, saw {}", prefix, id.str(), check.expected, check.seen));
    }
    verdict_.checks.push_back(std::move(check));
  }

  void add_opposite(const CheckId& id, Result<Judged> judged, const std::optional<Expectation>& instead) {
    if (!usable(id, judged)) return;
    CheckVerdict check = verdict_of(id, std::move(*judged));
    check.opposite = true;
    check.as_wanted = !check.met;
    check.expected = fmt::format("not: {}", check.expected);
    if (!check.as_wanted) {
      objection(fmt::format("the control passes too: {}: saw {}", id.str(), check.seen));
    } else if (instead) {
      auto alternative = judge_step(id, *instead, record_);
      if (!usable(id, alternative)) return;
      check.expected += fmt::format("; instead: {}", alternative->expected);
      check.as_wanted = alternative->met;
      if (!alternative->met) {
        objection(fmt::format("in the control, {}: expected {} instead, saw {}", id.str(), alternative->expected,
                              alternative->seen));
        check.seen = alternative->seen;
      }
    }
    verdict_.checks.push_back(std::move(check));
  }

  void objection(std::string why) {
    if (verdict_.reason.empty()) verdict_.reason = std::move(why);
  }

  const Scenario& scenario_;
  const Variant& variant_;
  const VariantRecord& record_;
  VariantEvidence evidence_;
  Verdict& verdict_;
  std::map<CheckId, const Opposite*> opposites_;
  std::set<CheckId> judged_;
  bool panic_wanted_ = false;
  bool panicked_ = false;
};

}  // namespace

std::string unfinished(const ScenarioRecord& record, const RunRecord& run) {
  for (const auto* faults : {&record.faults, &run.faults}) {
    if (!faults->empty()) return fmt::format("{}: {}", faults->front().kind, one_line(faults->front().message, 300));
  }
  const std::string_view how = run.end && run.end->interrupted ? "the run was interrupted" : "the run ended";
  if (!record.begin) return fmt::format("{} before this scenario began", how);
  const VariantRecord* open = nullptr;
  for (const VariantRecord& variant : record.variants) {
    if (!variant.ended && (!open || variant.last > open->last)) open = &variant;
  }
  std::string text = fmt::format("{} before this scenario did", how);
  if (run.end && run.end->interrupted) text = "the run was interrupted before this scenario ended";
  if (open) text += fmt::format("; last seen: {}", open->last_seen());
  return text;
}

Verdict judge_scenario(const Scenario& scenario, const ScenarioRecord& record, const RunRecord& run,
                       const EvidenceReader& read) {
  Verdict verdict;
  verdict.scenario = record.id;
  verdict.claim = scenario.claim;
  verdict.took = record.took;
  if (!record.ended) verdict.troubles.push_back(unfinished(record, run));
  for (const event::Fault& fault : record.faults)
    verdict.troubles.push_back(fmt::format("{}: {}", fault.kind, one_line(fault.message, 300)));
  for (const std::string_view name : variant_names(scenario)) {
    const VariantRecord* variant = record.variant(name);
    if (!variant) {
      if (record.ended) verdict.troubles.push_back(fmt::format("{}: it never began", name));
      continue;
    }
    if (!variant->ended && record.ended)
      verdict.troubles.push_back(fmt::format("{}: it has no end; last seen: {}", name, variant->last_seen()));
    const Variant planned = variant_of(scenario, name);
    VariantJudge(scenario, planned, *variant, read, verdict).judge();
  }
  if (!verdict.console.empty()) {
    const ConsoleReport& report = verdict.console.front();
    verdict.outcome = Outcome::fail;
    verdict.reason = fmt::format("kernel report on the console: {} ({})", report.title, place(report.where));
  } else if (!verdict.troubles.empty()) {
    verdict.outcome = Outcome::broken;
    verdict.reason = verdict.troubles.front();
  } else {
    verdict.outcome = verdict.reason.empty() ? Outcome::pass : Outcome::fail;
  }
  return verdict;
}

}  // namespace diglab
