// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/clock.h"

#include <fmt/chrono.h>

namespace diglab {

std::chrono::system_clock::time_point SystemClock::now() const {
  return std::chrono::system_clock::now();
}
std::chrono::steady_clock::time_point SystemClock::monotonic() const {
  return std::chrono::steady_clock::now();
}

std::chrono::system_clock::time_point FakeClock::now() const {
  constexpr std::chrono::seconds start(1'700'000'000);
  return std::chrono::system_clock::time_point(start + elapsed_);
}
std::chrono::steady_clock::time_point FakeClock::monotonic() const {
  return std::chrono::steady_clock::time_point(elapsed_);
}

std::string to_rfc3339(std::chrono::system_clock::time_point time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), milliseconds);
}

}  // namespace diglab
