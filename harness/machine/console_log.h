// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/deadline.h"
#include "judge/console.h"

namespace diglab {

/// One boot's serial console, recorded byte for byte as it comes.
///
/// Two files: `<stem>.log` holds the bytes, `<stem>.index` holds one line "offset seconds [mark]" per line start and per
/// mark, seconds since the boot began, so that console, steps and snapshots can be put in one order afterwards.
/// Written by libvirt's event thread; every other method may be called from any thread.
class ConsoleLog {
 public:
  /// Called for each complete line, without its end, from the event thread: it must not wait for the machine.
  using OnLine = std::function<void(std::string_view line)>;

  static Result<std::unique_ptr<ConsoleLog>> create(const std::filesystem::path& stem, OnLine on_line);
  ~ConsoleLog();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::string text(std::size_t from = 0) const;
  [[nodiscard]] std::string tail(std::size_t lines) const;  ///< For error messages.
  [[nodiscard]] std::vector<ConsoleEvent> events() const { return classify_console(text()); }
  /// Set when writing failed (a full disk): what is in the file is then not all. The text in memory is.
  [[nodiscard]] std::optional<Error> write_error() const;

  /// Waits until `wanted` has appeared at or after byte `from`, and returns the byte behind it.
  /// When the console ends first: `ended`'s error, given by close().
  Result<std::size_t> wait_for(std::string_view wanted, const Deadline& deadline, std::size_t from = 0);

  /// Waits until there are more than `from` bytes and returns how many there are. Ends as wait_for() does.
  Result<std::size_t> wait_for_more(std::size_t from, const Deadline& deadline);

  void append(ByteView bytes);
  void mark(std::string_view label);
  /// No more bytes will come, because of `why`.
  void close(Error why);

 private:
  ConsoleLog() = default;
  void write(std::FILE* file, std::string_view text);
  void index_entry(std::string_view label);

  std::filesystem::path path_;
  OnLine on_line_;
  std::FILE* log_ = nullptr;
  std::FILE* index_ = nullptr;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string text_;
  std::size_t line_start_ = 0;
  std::optional<Error> closed_;
  std::optional<Error> write_error_;
};

}  // namespace diglab
