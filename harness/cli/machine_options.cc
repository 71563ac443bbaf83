// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/machine_options.h"

#include <vector>

#include "os/command.h"

namespace diglab {
namespace {

/// What shell_quote() was given, word by word.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false, quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' && !quoted) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (text[i] == '\'')
      quoted = !quoted;
    else if (text[i] == '\\' && !quoted && i + 1 < text.size())
      words.back() += text[++i];
    else
      words.back() += text[i];
  }
  return words;
}

}  // namespace

std::string MachineOptions::to_shell() const {
  std::string options;
  if (!kernel.empty()) options += " --kernel " + shell_quote(kernel);
  if (!suite.empty()) options += " --suite " + shell_quote(suite);
  return options;
}

MachineOptions MachineOptions::among(std::string_view options) {
  MachineOptions found;
  const auto words = words_of(options);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--kernel") found.kernel = words[i + 1];
    if (words[i] == "--suite") found.suite = words[i + 1];
  }
  return found;
}

}  // namespace diglab
