// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "judge/judged.h"
#include "judge/stream.h"
#include "scenario/variant.h"

namespace diglab {

/// A step that does something itself, and how often each round performs it (repeats multiply).
struct PlannedStep {
  const Step* step = nullptr;
  int times = 1;
};
[[nodiscard]] std::vector<PlannedStep> planned_steps(const std::vector<Step>& steps);

/// Holds `expectation` against all outcomes of step `id`; the first outcome that is not as expected is what is `seen`.
Result<Judged> judge_step(const CheckId& id, const Expectation& expectation, const VariantRecord& variant);

/// What keeps a step from being judged: an outcome is missing ("step 'exec': 1 of 2 outcomes in round 3") or never
/// came ("step 'exec' has no outcome (main, round 1): killed by its deadline"). Empty: nothing.
[[nodiscard]] std::string missing_outcomes(const PlannedStep& planned, int rounds, const VariantRecord& variant);

}  // namespace diglab
