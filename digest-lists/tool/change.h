// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "os/command.h"
#include "tool/context.h"
#include "tool/result.h"

namespace diglim::tool {

/// A file of the root gets this content, or is removed.
struct FileChange {
  std::string path;                    ///< In the root.
  std::optional<std::string> content;  ///< Nothing: no such file any more.
};

/// A program of the root is run.
struct ProgramRun {
  diglab::Command command;
  std::string why;
};

/// One step of changing a system: a value, so that it can be shown instead of done.
using Change = std::variant<FileChange, ProgramRun>;

/// That of a program of the root, as it is run from here.
[[nodiscard]] diglab::Command command_in(const Root& root, diglab::Command command);

/// In words: the lines that come and go, the command as for a shell. Empty: nothing would change.
[[nodiscard]] std::string describe(const Change& change, const Root& root);

/// Files are replaced as a whole. A change that changes nothing is not made.
Result<void> apply(const Change& change, const Context& context);

}  // namespace diglim::tool
