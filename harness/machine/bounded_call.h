// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "base/deadline.h"
#include "base/result.h"

namespace diglab {

/// Makes a call that knows no deadline, as those of libvirt do not, in a thread of its own, and waits for what it returns, a Result.
///
/// ErrorKind::timeout or ::interrupted, with `what` as the one that did not answer, when the deadline is over first. The call then goes on
/// unheard: it must own what it uses, and what it returns too late is thrown away.
template <typename Call>
auto call_until(const Deadline& deadline, std::string_view what, Call call) -> decltype(call()) {
  struct Attempt {
    std::mutex mutex;
    std::condition_variable_any returned;
    std::optional<decltype(call())> result;
  };
  auto attempt = std::make_shared<Attempt>();
  std::thread([attempt, call = std::move(call)]() mutable {
    auto result = call();
    std::lock_guard lock(attempt->mutex);
    attempt->result = std::move(result);
    attempt->returned.notify_all();
  }).detach();
  std::unique_lock lock(attempt->mutex);
  if (attempt->returned.wait_until(lock, deadline.stop, deadline.at, [&] { return attempt->result.has_value(); })) return *std::move(attempt->result);
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, fmt::format("interrupted while waiting for {}", what));
  return fail(ErrorKind::timeout, fmt::format("{} did not answer before the deadline", what));
}

}  // namespace diglab
