// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "os/process.h"

namespace diglab {

/// `command` as root: unchanged for root, in user and mount namespaces of their own for anybody else.
[[nodiscard]] Command as_root(Command command);

/// ErrorKind::infra that says what to do when the host gives an ordinary user no such namespaces.
Result<void> check_root_access(Processes& processes, const Deadline& deadline);

/// Removes a tree whose owners may be of the namespace.
void remove_as_root(const std::filesystem::path& tree, Processes& processes);

}  // namespace diglab
