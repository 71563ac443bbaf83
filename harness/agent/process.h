// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "agent/channel.h"

namespace diglab::agent {

using MonotonicClock = std::chrono::steady_clock;

/// Blocked signals and limits as they were before the agent changed them: what programs are given.
struct Inherited {
  sigset_t signals{};
  std::uint64_t soft_files = 0;
  std::uint64_t hard_files = 0;
};

/// One process that the agent has made for a request, and the agent's ends of its pipes (-1: closed).
/// Entirely passive: the server says when a descriptor is ready and when the process was reaped.
struct Process {
  pid_t pid = -1;
  int in = -1;
  int out = -1;
  int err = -1;
  int channel = -1;
  int gate = -1;  ///< Closed to release it.

  std::string input;  ///< What is still to be written to `in`.
  std::size_t output_limit = 0;
  std::size_t out_size = 0;
  std::size_t err_size = 0;
  std::optional<MonotonicClock::time_point> deadline;
  std::chrono::milliseconds timeout{0};

  bool is_ready = false;
  std::optional<int> wait_status;
  bool deadline_passed = false;
  std::optional<wire::Json> failed;
  std::optional<std::string> reply;
  bool done = false;
  bool truncated = false;
  wire::Json digests = wire::Json::object();
  wire::Json values = wire::Json::object();

  /// Reaped, and all it had to say was heard. Its outputs may be held open by descendants.
  [[nodiscard]] bool finished() const { return pid < 0 || (wait_status && channel < 0); }
  [[nodiscard]] wire::Json outcome() const;
  /// With its group, which it leads.
  void kill() const;
  void close_input();
};

/// Forks. The child has a session, the three standard descriptors as pipes, nothing else that the agent holds, and runs
/// `body`, which does not return. errno and pid -1 when it cannot be made.
Process start_process(const Inherited& inherited, const Handles& handles, bool gated, const std::function<void(const Channel&)>& body);

}  // namespace diglab::agent
