// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace diglab {

/// A place in a text file, both counted from 1.
struct Position {
  int line = 1;
  int column = 1;
  auto operator<=>(const Position&) const = default;
};

/// Everything that is wrong with one file: a reader notes a problem and goes on, so that
/// its author sees all of them at once - but for a file that is something else entirely.
class Problems {
 public:
  static constexpr std::size_t most_shown = 200;

  explicit Problems(std::string file) : file_(std::move(file)) {}

  /// `text` says what was found and what was expected. At most one problem is kept per place and text.
  void add(Position at, std::string text);

  [[nodiscard]] bool empty() const { return found_.empty(); }
  [[nodiscard]] const std::string& file() const { return file_; }

  /// One ErrorKind::bad_input: a line "file:line:column: text" per problem, in the order of the file (and of the alphabet at one place).
  [[nodiscard]] Error to_error() const;

 private:
  struct Problem {
    Position at;
    std::string text;
    auto operator<=>(const Problem&) const = default;
  };
  std::string file_;
  std::vector<Problem> found_;
  bool more_ = false;
};

}  // namespace diglab
