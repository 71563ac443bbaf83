// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "judge/event.h"
#include "judge/log_diff.h"

namespace diglab {

/// Only `pass` is a pass. `broken`: the laboratory failed, or something that had to run did not.
enum class Outcome { pass, fail, broken, skip };

[[nodiscard]] std::string_view to_string(Outcome outcome);

/// One expectation, judged in one variant.
struct CheckVerdict {
  std::string variant;
  CheckId id;
  bool met = false;            ///< The expectation of the main variant holds.
  bool as_wanted = false;      ///< met in main; in the control met or violated as the control says.
  bool opposite = false;       ///< In the control: it is one that must be violated.
  std::string expected;        ///< One line: "EACCES from execve".
  std::string seen;            ///< One line: "exit status 0".
  std::string detail;          ///< Further lines: for a PCR that differs, which measurement moved where.
  std::vector<LogDiff> diffs;  ///< The same as data, one per PCR value that is not the first.
};

/// A kernel report on a console that turns the scenario into a failure.
struct ConsoleReport {
  event::Where where;
  std::string file;  ///< Relative to the results directory.
  std::size_t line = 0;
  std::string kind;  ///< "panic", "kasan", ...
  std::string title;
  std::string excerpt;
};

/// What a run says about one claim.
struct Verdict {
  ScenarioId scenario;
  std::string claim;
  Outcome outcome = Outcome::broken;
  std::string reason;  ///< One line: the first thing that is not as wanted; empty for pass.
  std::vector<CheckVerdict> checks;
  std::vector<std::string> console_reports;  ///< Titles of kernel reports seen on consoles ("KASAN: ...").
  std::vector<ConsoleReport> console;        ///< The same with place and excerpt.
  std::vector<std::string> troubles;         ///< All that makes it broken, one line each; the first is the reason.
  std::chrono::milliseconds took{0};
};

/// Reads an evidence file that an event names. In a stored run: a file below the results directory.
using EvidenceReader = std::function<Result<Bytes>(const std::string& relative_path)>;

/// Judges every scenario of a stream; pure but for `read`. A scenario whose end is missing is broken.
///
/// For a scenario to pass, every expectation holds in the main variant, every one that the control names is violated
/// there (and what it names instead is seen), and the others hold in the control too. Any kernel report on a console
/// makes it a failure, unless a `boot: panic` is what is expected. Evidence whose SHA-256 is not the event's counts as
/// missing.
[[nodiscard]] std::vector<Verdict> judge(std::span<const Event> events, const EvidenceReader& read);

/// The exit status of a run with these verdicts: 0 all passed (skips allowed), 1 a claim failed, 3 something is broken; 130 if it was
/// interrupted, and 3 if it has no end or could not begin, whatever its verdicts are.
[[nodiscard]] int exit_status(std::span<const Event> events, std::span<const Verdict> verdicts);

}  // namespace diglab
