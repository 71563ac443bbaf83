// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/console_log.h"

#include <fmt/format.h>
#include <string.h>

#include <cerrno>

#include "os/files.h"

namespace diglab {

Result<std::unique_ptr<ConsoleLog>> ConsoleLog::create(const std::filesystem::path& stem, OnLine on_line) {
  if (stem.has_parent_path()) TRY_VOID(make_directories(stem.parent_path()));
  std::unique_ptr<ConsoleLog> console(new ConsoleLog());
  console->path_ = stem.string() + ".log";
  console->on_line_ = std::move(on_line);
  console->log_ = std::fopen(console->path_.c_str(), "we");
  console->index_ = std::fopen((stem.string() + ".index").c_str(), "we");
  if (console->log_ == nullptr || console->index_ == nullptr)
    return fail(ErrorKind::infra, fmt::format("{}: cannot create: {}", console->path_.string(), ::strerror(errno)));
  return console;
}

ConsoleLog::~ConsoleLog() {
  for (std::FILE* file : {log_, index_})
    if (file != nullptr) std::fclose(file);
}

/// Flushed at once: whoever looks at the file while the machine runs, or after the harness was killed, sees it all.
void ConsoleLog::write(std::FILE* file, std::string_view text) {
  if (write_error_) return;
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0)
    write_error_ = Error(ErrorKind::infra, fmt::format("{}: cannot write: {}", path_.string(), ::strerror(errno)));
}

void ConsoleLog::index_entry(std::string_view label) {
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  write(index_, fmt::format("{} {:.3f}{}{}\n", text_.size(), seconds, label.empty() ? "" : " ", label));
}

void ConsoleLog::append(ByteView bytes) {
  std::vector<std::string> lines;
  {
    std::lock_guard lock(mutex_);
    std::string_view rest = text_of(bytes);
    while (!rest.empty()) {
      if (line_start_ == text_.size()) index_entry({});
      std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
      text_ += rest.substr(0, end);
      rest.remove_prefix(end);
      if (text_.back() != '\n') continue;
      std::string_view line = std::string_view(text_).substr(line_start_, text_.size() - 1 - line_start_);
      while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      lines.emplace_back(line);
      line_start_ = text_.size();
    }
    write(log_, text_of(bytes));
    changed_.notify_all();
  }
  if (!on_line_) return;
  for (const std::string& line : lines) on_line_(line);
}

void ConsoleLog::mark(std::string_view label) {
  std::lock_guard lock(mutex_);
  index_entry(label);
}

void ConsoleLog::close(Error why) {
  std::lock_guard lock(mutex_);
  if (!closed_) closed_ = std::move(why);
  changed_.notify_all();
}

std::size_t ConsoleLog::size() const {
  std::lock_guard lock(mutex_);
  return text_.size();
}

std::string ConsoleLog::text(std::size_t from) const {
  std::lock_guard lock(mutex_);
  return from < text_.size() ? text_.substr(from) : std::string();
}

std::string ConsoleLog::tail(std::size_t lines) const {
  std::lock_guard lock(mutex_);
  std::size_t at = text_.size() - (text_.ends_with('\n') ? 1 : 0);
  for (; lines > 0; --lines) {
    if (at == 0) return text_;
    at = text_.rfind('\n', at - 1);
    if (at == std::string::npos) return text_;
  }
  return text_.substr(std::min(at + 1, text_.size()));
}

std::optional<Error> ConsoleLog::write_error() const {
  std::lock_guard lock(mutex_);
  return write_error_;
}

Result<std::size_t> ConsoleLog::wait_for(std::string_view wanted, const Deadline& deadline, std::size_t from) {
  std::unique_lock lock(mutex_);
  std::size_t found = std::string::npos;
  // What was searched is not searched again, but for a part that could be the beginning of the text.
  auto ready = [&] {
    found = text_.find(wanted, from);
    if (found == std::string::npos && text_.size() >= wanted.size()) from = std::max(from, text_.size() - wanted.size());
    return found != std::string::npos || closed_;
  };
  bool ended = changed_.wait_until(lock, deadline.stop, deadline.at, ready);
  if (found != std::string::npos) return found + wanted.size();
  if (ended) return fail(Error(*closed_).within(fmt::format("waiting for \"{}\" on the console", wanted)));
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, fmt::format("interrupted while waiting for \"{}\" on the console", wanted));
  return fail(ErrorKind::timeout, fmt::format("\"{}\" did not appear on the console before the deadline", wanted));
}

Result<std::size_t> ConsoleLog::wait_for_more(std::size_t from, const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  bool ended = changed_.wait_until(lock, deadline.stop, deadline.at, [&] { return text_.size() > from || closed_; });
  if (text_.size() > from) return text_.size();
  if (ended) return fail(*closed_);
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted while reading the console");
  return fail(ErrorKind::timeout, "nothing more on the console before the deadline");
}

}  // namespace diglab
