// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace diglab {

/// How far a kernel build has come, from the lines that make prints.
///
/// Every step of a kernel build prints one line: two spaces, what it does in capitals, the file ("  CC      fs/exec.o").
/// Steps are alike enough for their share to be the share of the time; what else takes its time (the final link)
/// is at the end, where the last per cent is kept for it.
class StepCounter {
 public:
  explicit StepCounter(int total) : total_(total) {}

  /// The step's file if `line` is one.
  std::optional<std::string_view> feed(std::string_view line);
  [[nodiscard]] int done() const { return done_; }
  /// Never over 0.99, and never less than before; empty without a total.
  [[nodiscard]] std::optional<double> fraction() const;

 private:
  int total_;
  int done_ = 0;
};

/// Steps in the output of `make --dry-run`.
[[nodiscard]] int count_planned_steps(std::string_view dry_run);

/// The first lines of a failed build's output that say why, at most `limit` of them: compiler, linker, modpost, make.
[[nodiscard]] std::string first_errors(std::string_view output, std::size_t limit = 6);

/// Whether a failure was the host's: no space, or no memory and the compiler was killed. Empty if not.
[[nodiscard]] std::string host_trouble(std::string_view output);

}  // namespace diglab
