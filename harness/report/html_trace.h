// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "judge/stream.h"
#include "judge/upgrade_trace.h"

namespace diglab {

/// A transaction of packages as a drawing: time from left to right, a row for each file and kind of use, coloured by what was executed and
/// red where it was not as it should be; hooks of rpm and changes of names as marks above.
[[nodiscard]] std::string trace_figure(const UpgradeTrace& trace);

/// All traces of a scenario, with the windows that were found and how to look at them again. `run` is the results directory's name.
[[nodiscard]] std::string traces(const ScenarioRecord& record, std::string_view run);

}  // namespace diglab
