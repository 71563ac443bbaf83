// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace diglab {

/// A command as a value: built, printed, logged, and only then run (os/process.h).
struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH unless it holds a slash.
  std::map<std::string, std::string> environment;  ///< Added to, and overriding, the harness's own.
  std::filesystem::path directory;                 ///< Empty: the harness's own.

  Command() = default;
  Command(std::initializer_list<std::string> words) : argv(words) {}

  Command& add(std::string word);
  Command& add(std::initializer_list<std::string> words);
  Command& set(std::string name, std::string value);
  Command& in(std::filesystem::path where);

  /// A line that a POSIX shell runs to the same effect.
  [[nodiscard]] std::string to_shell() const;
};

/// `word` quoted so that a POSIX shell reads it as one word.
[[nodiscard]] std::string shell_quote(std::string_view word);

}  // namespace diglab
