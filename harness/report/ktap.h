// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>

#include "judge/verdict.h"

namespace diglab {

/// The verdicts as KTAP version 1 (Documentation/dev-tools/ktap.rst of the kernel): a test per scenario, a subtest per
/// check and variant. Broken scenarios are "not ok ... # ERROR", skipped ones "ok ... # SKIP".
[[nodiscard]] std::string to_ktap(std::span<const Verdict> verdicts);

}  // namespace diglab
