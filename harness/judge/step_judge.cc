// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/step_judge.h"

#include <fmt/format.h>

#include "judge/expectation.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

void collect(const std::vector<Step>& steps, int times, std::vector<PlannedStep>& planned) {
  for (const Step& step : steps) {
    if (const auto* parallel = std::get_if<step::Parallel>(&step.body)) {
      collect(parallel->steps, times, planned);
    } else if (const auto* repeat = std::get_if<step::Repeat>(&step.body)) {
      collect(repeat->steps, times * repeat->times, planned);
    } else {
      planned.push_back({&step, times});
    }
  }
}

/// "main, round 2, repetition 4": no more than is needed to find it.
std::string place_of(const event::StepEnd& end, bool repeated) {
  std::string text = place(end.where);
  if (repeated) text += fmt::format(", repetition {}", end.repetition + 1);
  return text;
}

}  // namespace

std::vector<PlannedStep> planned_steps(const std::vector<Step>& steps) {
  std::vector<PlannedStep> planned;
  collect(steps, 1, planned);
  return planned;
}

Result<Judged> judge_step(const CheckId& id, const Expectation& expectation, const VariantRecord& variant) {
  Judged judged;
  judged.expected = describe(expectation);
  int total = 0;
  int good = 0;
  bool repeated = false;
  const event::StepEnd* first_bad = nullptr;
  const event::StepEnd* first_good = nullptr;
  for (const StepRecord& record : variant.steps) {
    if (record.begin.step != id || !record.end) continue;
    ++total;
    repeated = repeated || record.end->repetition > 0;
    const bool held = TRY(holds(expectation, *record.end), fmt::format("step '{}'", id.str()));
    good += held ? 1 : 0;
    const event::StepEnd*& first = held ? first_good : first_bad;
    if (!first) first = &*record.end;
  }
  const bool some = expectation.in == Expectation::In::some;
  judged.met = some ? good > 0 : total > 0 && good == total;
  const event::StepEnd* shown = judged.met ? first_good : first_bad;
  if (!shown) {
    judged.seen = "nothing";
    return judged;
  }
  judged.seen = fmt::format("{} ({})", describe(*shown), place_of(*shown, repeated));
  if (total > 1) judged.detail = fmt::format("as expected {} of {} times", good, total);
  if (!judged.met && !shown->detail.empty()) judged.detail += (judged.detail.empty() ? "" : "\n") + safe_text(shown->detail);
  return judged;
}

std::string missing_outcomes(const PlannedStep& planned, int rounds, const VariantRecord& variant) {
  const CheckId& id = planned.step->id;
  std::map<int, int> outcomes;
  for (const StepRecord& record : variant.steps) {
    if (record.begin.step != id) continue;
    if (!record.end) return fmt::format("step '{}' never ended ({})", id.str(), place(record.begin.where));
    if (!has_outcome(*record.end)) {
      const std::string why = record.end->detail.empty() ? std::string() : ": " + one_line(record.end->detail);
      return fmt::format("step '{}' has no outcome ({}){}", id.str(), place(record.end->where), why);
    }
    ++outcomes[record.end->where.round];
  }
  for (int round = 1; round <= rounds; ++round) {
    if (outcomes[round] < planned.times)
      return fmt::format("step '{}' did not run ({}, round {}): {} of {} outcomes", id.str(), variant.name, round,
                         outcomes[round], planned.times);
  }
  return {};
}

}  // namespace diglab
