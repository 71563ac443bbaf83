// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// Who is at fault. The kind, never the text, decides verdicts and exit codes.
enum class ErrorKind {
  usage,        ///< The command line is wrong.
  bad_input,    ///< A file that the user gave is wrong: scenario, policy, patch, log, RPM, kernel tree.
  infra,        ///< The laboratory failed: disk, QEMU, libvirt, swtpm, a missing tool.
  boot,         ///< The guest did not come up (panic or silence before the agent answered).
  guest_lost,   ///< The guest was up and is gone: QEMU died, panic, agent closed its port.
  timeout,      ///< A deadline passed.
  interrupted,  ///< SIGINT or SIGTERM.
  diverged,     ///< Two sources that must agree do not (a restored TPM, a stale reply).
};

[[nodiscard]] std::string_view to_string(ErrorKind kind);

/// What went wrong, and on the way to what.
///
/// `message` names the object and the cause in one line. Each layer that passes the error on may add
/// one line of context; `to_string` prints outermost context first, as a sentence a person can act on.
class Error {
 public:
  Error(ErrorKind kind, std::string message);

  [[nodiscard]] ErrorKind kind() const { return kind_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  /// Returns this error with one more outer line of context.
  [[nodiscard]] Error within(std::string context) &&;
  [[nodiscard]] Error within(std::string context) const&;

  /// "outer context: inner context: message".
  [[nodiscard]] std::string to_string() const;

 private:
  ErrorKind kind_;
  std::string message_;
  std::vector<std::string> contexts_;  // innermost first
};

}  // namespace diglab
