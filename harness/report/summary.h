// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "judge/verdict.h"

namespace diglab {

/// How many verdicts of each kind.
struct Totals {
  int pass = 0;
  int fail = 0;
  int broken = 0;
  int skip = 0;

  [[nodiscard]] int all() const { return pass + fail + broken + skip; }
  void count(Outcome outcome);
  /// "12 scenarios: 9 pass, 1 fail, 1 broken, 1 skip"; kinds that did not occur are left out.
  [[nodiscard]] std::string to_string() const;
};

[[nodiscard]] Totals totals_of(std::span<const Verdict> verdicts);

/// What the control did: "violates" what it must, "passes too", "differs" in something it must not, "none", or
/// "-" when nothing is known.
[[nodiscard]] std::string_view control_state(const Verdict& verdict);

/// "0.4 s", "12.3 s", "3 min 05 s".
[[nodiscard]] std::string duration(std::chrono::milliseconds time);

/// "2025-06-15 15:06:40 UTC"
[[nodiscard]] std::string date_and_time(std::chrono::system_clock::time_point time);

/// The command that runs one scenario again as in that run: on its kernel, suite and host.
[[nodiscard]] std::string rerun_command(const event::RunBegin* run, const ScenarioId& scenario);

}  // namespace diglab
