// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>

#include "judge/verdict.h"

namespace diglab {

/// A run's verdicts as JSON, for programs: an object with "verdicts", "totals" and "exit_status".
[[nodiscard]] std::string to_json(std::span<const Event> events, std::span<const Verdict> verdicts);

}  // namespace diglab
