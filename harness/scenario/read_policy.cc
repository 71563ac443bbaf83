// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/read_policy.h"

#include <fmt/format.h>

namespace diglab {
namespace {

std::string_view line_of(std::string_view text, int number) {
  for (int i = 1; i < number; ++i) {
    auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

void check_policy(const YamlNode& node, std::string_view source, const PolicyDialect& dialect, std::string_view note,
                  Problems& problems) {
  // In a literal block ("policy: |") each line of the value is a line of the file, shifted by the indentation.
  auto opening = line_of(source, node.at.line);
  auto column = static_cast<std::size_t>(node.at.column - 1);
  bool literal = column < opening.size() && opening[column] == '|';
  int first_line = literal ? node.at.line + 1 : 1;
  for (const auto& problem : read_policy(node.text, first_line, dialect).problems) {
    Position at = node.at;
    if (literal) {
      auto in_file = line_of(source, problem.line);
      auto in_value = line_of(node.text, problem.line - node.at.line);
      auto shift = in_file.size() < in_value.size() ? 0 : in_file.size() - in_value.size();
      at = {problem.line, static_cast<int>(shift) + problem.column};
    }
    problems.add(at, fmt::format("{}policy: '{}': {}", note, problem.token, problem.reason));
  }
}

}  // namespace diglab
