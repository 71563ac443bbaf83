// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace diglim {

struct Watched {
  std::vector<std::string> paths;    ///< Must be allowed whenever they are there.
  std::vector<std::string> never;    ///< Must never be.
  std::vector<std::string> command;  ///< Of which only the first process is followed.
};

enum WatchStatus { as_it_should_be = 0, violated = 1, failed = 3 };

/// Uses all files without pause, on every CPU, from before the command until after it, and prints a trace. Failed: the command did,
/// or there were too few attempts to say anything.
[[nodiscard]] int record(const Watched& watched);

/// Stops the command after each point, and uses all files once there. With `only` ("12", or "12:rename(/usr/bin/tool)") at that point
/// alone; then it is also a failure if the command does not come there, or somewhere else instead.
[[nodiscard]] int walk(const Watched& watched, const std::string& only);

}  // namespace diglim
