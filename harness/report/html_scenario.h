// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "judge/stream.h"
#include "judge/verdict.h"

namespace diglab {

/// All about one scenario, as a part of the report that can be folded away: the claim, what was expected and seen in
/// main and control, what the kernel said, which measurement moved, when what happened, on which machine, and where the
/// evidence lies.
[[nodiscard]] std::string scenario_section(const ScenarioRecord& record, const Verdict& verdict, const RunRecord& run);

}  // namespace diglab
