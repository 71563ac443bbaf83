// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <stop_token>

namespace diglab {

/// How much slower than hardware virtualisation this host runs a guest.
///
/// Deadlines are written down for KVM and multiplied by this factor, so that one number serves all hosts.
struct TimeScale {
  double factor = 1.0;

  static constexpr double kvm = 1.0;
  static constexpr double tcg = 4.0;
};

/// A moment on the monotonic clock after which waiting is over, and the request to stop early.
///
/// Every wait of the harness takes one. Waits end with ErrorKind::timeout when `expired()`, and with
/// ErrorKind::interrupted when `stop` is requested, whichever comes first.
struct Deadline {
  using Clock = std::chrono::steady_clock;

  Clock::time_point at = Clock::time_point::max();
  std::stop_token stop;

  [[nodiscard]] static Deadline in(std::chrono::nanoseconds from_now, std::stop_token stop = {}) {
    return {Clock::now() + from_now, std::move(stop)};
  }
  /// `nominal` is the time a KVM host would be given.
  [[nodiscard]] static Deadline scaled(std::chrono::nanoseconds nominal, TimeScale scale, std::stop_token stop = {}) {
    return in(std::chrono::duration_cast<std::chrono::nanoseconds>(nominal * scale.factor), std::move(stop));
  }
  [[nodiscard]] static Deadline never(std::stop_token stop = {}) { return {Clock::time_point::max(), std::move(stop)}; }

  [[nodiscard]] bool expired() const { return Clock::now() >= at; }
  [[nodiscard]] std::chrono::nanoseconds remaining() const {
    auto now = Clock::now();
    return now >= at ? std::chrono::nanoseconds::zero() : at - now;
  }
};

}  // namespace diglab
