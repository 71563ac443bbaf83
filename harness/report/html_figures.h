// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "judge/stream.h"
#include "judge/verdict.h"

namespace diglab {

/// A drawing of when the boots and steps of a scenario's rounds happened, one row per round; the title of each bar says
/// what it is.
[[nodiscard]] std::string timeline_figure(const ScenarioRecord& record);

/// Two measurement lists side by side where they part first, with lines between equal measurements, and a table of what
/// moved.
[[nodiscard]] std::string log_diff_figure(const LogDiff& diff);

}  // namespace diglab
