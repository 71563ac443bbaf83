// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/event_log.h"

#include <fmt/format.h>
#include <string.h>

#include <cerrno>

namespace diglab {

Result<std::unique_ptr<EventLog>> EventLog::create(const std::filesystem::path& results, const Clock& clock, Listener listener) {
  std::filesystem::path path = results / "events.jsonl";
  std::FILE* file = std::fopen(path.c_str(), "wxe");
  if (file == nullptr) return fail(ErrorKind::infra, fmt::format("{}: cannot create: {}", path.string(), ::strerror(errno)));
  return std::unique_ptr<EventLog>(new EventLog(file, std::move(path), clock, std::move(listener)));
}

EventLog::EventLog(std::FILE* file, std::filesystem::path path, const Clock& clock, Listener listener)
    : file_(file), path_(std::move(path)), clock_(clock), listener_(std::move(listener)) {}

EventLog::~EventLog() {
  std::fclose(file_);
}

void EventLog::write(event::Body body) {
  std::lock_guard lock(mutex_);
  Event event{.time = clock_.now(), .body = std::move(body)};
  std::string line = to_json_line(event) + "\n";
  bool written = std::fwrite(line.data(), 1, line.size(), file_) == line.size() && std::fflush(file_) == 0;
  if (!written && !error_)
    error_ = Error(ErrorKind::infra, fmt::format("{}: cannot write: {}", path_.string(), ::strerror(errno)));
  events_.push_back(event);
  if (listener_) listener_(event);
}

std::vector<Event> EventLog::events() const {
  std::lock_guard lock(mutex_);
  return events_;
}

std::optional<Error> EventLog::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

}  // namespace diglab
