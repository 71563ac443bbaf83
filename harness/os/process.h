// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "os/command.h"

namespace diglab {

/// How a process ended. Exactly one of the two is set: being killed is never mistaken for a status.
struct ProcessEnd {
  std::optional<int> exit_status;
  std::optional<int> signal;

  [[nodiscard]] bool succeeded() const { return exit_status == 0; }
  [[nodiscard]] std::string to_string() const;  ///< "exit status 2", "killed by signal 9 (Killed)"
};

struct ProcessOutcome {
  ProcessEnd end;
  std::string out;
  std::string err;
};

struct RunOptions {
  Deadline deadline;
  std::string input;                                ///< Given on standard input, then end of file.
  std::function<void(std::string_view)> on_line;    ///< Each line of both outputs as it comes, without its newline.
};

/// Runs programs on the host. The one place where the harness starts processes other than machines.
class Processes {
 public:
  virtual ~Processes() = default;

  /// Runs to the end, capturing both outputs. The child leads a process group of its own, which is killed
  /// when the deadline passes (ErrorKind::timeout) or a stop is requested (::interrupted). When the harness is
  /// killed the child is, too (PR_SET_PDEATHSIG); what that had started is left to live_under_orphan_reaper().
  /// A program that cannot be started is ErrorKind::infra and names the program.
  virtual Result<ProcessOutcome> run(const Command& command, const RunOptions& options) = 0;

  /// run(), where anything but exit status 0 is ErrorKind::infra with the command and the tail of its errors.
  Result<ProcessOutcome> check(const Command& command, const RunOptions& options);
};

class SystemProcesses final : public Processes {
 public:
  Result<ProcessOutcome> run(const Command& command, const RunOptions& options) override;
};

/// Answers from a prepared list and remembers what it was asked. For tests.
class FakeProcesses final : public Processes {
 public:
  std::deque<Result<ProcessOutcome>> answers;  ///< Used front to back; an empty list answers with success.
  std::vector<Command> asked;

  Result<ProcessOutcome> run(const Command& command, const RunOptions& options) override;
};

}  // namespace diglab
