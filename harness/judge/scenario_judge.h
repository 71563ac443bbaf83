// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "judge/stream.h"
#include "judge/verdict.h"
#include "scenario/variant.h"

namespace diglab {

/// The verdict on one scenario that began, from its record in the stream. `scenario` is what its text says.
[[nodiscard]] Verdict judge_scenario(const Scenario& scenario, const ScenarioRecord& record, const RunRecord& run,
                                     const EvidenceReader& read);

/// Why a scenario that has no end has none: "the run ended before this scenario did, in control, round 1, step exec".
[[nodiscard]] std::string unfinished(const ScenarioRecord& record, const RunRecord& run);

}  // namespace diglab
