// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "judge/event.h"
#include "os/clock.h"

namespace diglab {

/// Writes a run's event stream, one line at a time, and shows each event to a listener.
///
/// Any thread may write. Lines reach the kernel before write() returns, so that what a killed run had seen can
/// still be judged.
class EventLog {
 public:
  using Listener = std::function<void(const Event&)>;

  static Result<std::unique_ptr<EventLog>> create(const std::filesystem::path& results, const Clock& clock, Listener listener);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  /// Never fails here: a disk that is full is remembered, and error() tells.
  void write(event::Body body);

  /// Everything written so far, in order.
  [[nodiscard]] std::vector<Event> events() const;
  /// The first failure to write, if there was one. A run whose stream is incomplete is broken.
  [[nodiscard]] std::optional<Error> error() const;

 private:
  EventLog(std::FILE* file, std::filesystem::path path, const Clock& clock, Listener listener);

  std::FILE* file_;
  std::filesystem::path path_;
  const Clock& clock_;
  Listener listener_;
  mutable std::mutex mutex_;
  std::vector<Event> events_;
  std::optional<Error> error_;
};

}  // namespace diglab
