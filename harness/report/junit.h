// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>

#include "judge/verdict.h"

namespace diglab {

/// The verdicts as JUnit XML, as CI servers read it: a suite per group of scenarios, a test case per scenario; `fail`
/// is a failure, `broken` an error. Messages are the reasons, bodies the checks that are not as wanted and the kernel's
/// reports.
[[nodiscard]] std::string to_junit(std::span<const Event> events, std::span<const Verdict> verdicts);

}  // namespace diglab
