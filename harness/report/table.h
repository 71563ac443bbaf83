// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "judge/verdict.h"

namespace diglab {

/// The verdicts as lines for a terminal: verdict, scenario, what the control did, time, and below each that is no pass
/// the reason. Ends in the totals and where the report is.
[[nodiscard]] std::string to_table(std::span<const Verdict> verdicts, const std::filesystem::path& report, bool colour);

/// The word for a verdict, in its colour if wanted, padded to six characters: "PASS  ".
[[nodiscard]] std::string badge(Outcome outcome, bool colour);

}  // namespace diglab
