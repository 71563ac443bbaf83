// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/command.h"

#include <algorithm>

namespace diglab {

Command& Command::add(std::string word) {
  argv.push_back(std::move(word));
  return *this;
}
Command& Command::add(std::initializer_list<std::string> words) {
  argv.insert(argv.end(), words);
  return *this;
}
Command& Command::set(std::string name, std::string value) {
  environment.insert_or_assign(std::move(name), std::move(value));
  return *this;
}
Command& Command::in(std::filesystem::path where) {
  directory = std::move(where);
  return *this;
}

std::string shell_quote(std::string_view word) {
  constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";
  if (!word.empty() && word.find_first_not_of(harmless) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string Command::to_shell() const {
  std::string line;
  if (!directory.empty()) line += "cd " + shell_quote(directory.string()) + " && ";
  for (const auto& [name, value] : environment) line += name + "=" + shell_quote(value) + " ";
  for (std::size_t i = 0; i < argv.size(); ++i) line += (i == 0 ? "" : " ") + shell_quote(argv[i]);
  return line;
}

}  // namespace diglab
