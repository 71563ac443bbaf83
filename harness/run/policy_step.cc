// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/policy_step.h"

#include <fmt/format.h>

#include <sstream>

namespace diglab {

std::vector<std::string> policy_rules(const std::string& text) {
  std::vector<std::string> rules;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    rules.push_back(line.substr(begin));
  }
  return rules;
}

std::string describe(const PolicyOutcome& outcome, const std::string& text) {
  if (!outcome.open_error.ok()) return fmt::format("opening it: {}", outcome.open_error.name);
  std::vector<std::string> rules = policy_rules(text);
  for (std::size_t i = 0; i < outcome.rules.size() && i < rules.size(); ++i)
    if (!outcome.rules[i].ok()) return fmt::format("rule {} ({}): {}", i + 1, rules[i], outcome.rules[i].name);
  return outcome.accepted ? "accepted" : "closing it was refused";
}

}  // namespace diglab
