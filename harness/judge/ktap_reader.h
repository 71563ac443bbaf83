// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// One test of a KTAP output that has no tests inside it.
struct KtapTest {
  enum class Outcome { passed, failed, skipped };
  std::string name;    ///< "suite/case", as deep as they were nested.
  Outcome outcome = Outcome::passed;
  std::string reason;  ///< What stood after "# SKIP", or before a failure as diagnostics, a few lines at most.
};

/// What test programs (kselftest) and the kernel itself (KUnit) printed: Documentation/dev-tools/ktap.rst of the kernel.
struct KtapResults {
  std::vector<KtapTest> tests;
  /// Where the output stops short of what it announced: a plan with more tests than results, inner tests without their outer
  /// result. Empty for a complete output.
  std::string incomplete;
};

/// Reads TAP and KTAP between other lines. Time stamps and priorities that the kernel puts before a line, and carriage returns,
/// are taken off. Bails out count as incomplete.
[[nodiscard]] KtapResults read_ktap(std::string_view text);

}  // namespace diglab
