// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/stop_signals.h"

#include <chrono>
#include <thread>

namespace diglab {
namespace {

using namespace std::chrono_literals;

/// Takes what comes of `signals` in this time.
void drop(const ::sigset_t& signals, std::chrono::nanoseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (auto left = time; left > 0ns; left = end - std::chrono::steady_clock::now()) {
    const ::timespec wait{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
    ::sigtimedwait(&signals, nullptr, &wait);
  }
}

}  // namespace

::sigset_t without_ignored(std::initializer_list<int> numbers) {
  ::sigset_t signals;
  ::sigemptyset(&signals);
  for (int number : numbers) {
    struct ::sigaction now {};
    ::sigaction(number, nullptr, &now);
    if (now.sa_handler != SIG_IGN) ::sigaddset(&signals, number);
  }
  return signals;
}

void stop_on_signals(std::stop_source stop, std::function<void()> asked, std::function<void()> at_once) {
  const ::sigset_t signals = without_ignored({SIGINT, SIGTERM, SIGHUP});
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, stop = std::move(stop), asked = std::move(asked), at_once = std::move(at_once)]() mutable {
    int signal = 0;
    ::sigwait(&signals, &signal);
    asked();
    stop.request_stop();
    drop(signals, 1s);
    ::sigwait(&signals, &signal);
    at_once();
  }).detach();
}

}  // namespace diglab
