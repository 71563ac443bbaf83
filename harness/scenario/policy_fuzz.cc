// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdint>
#include <string_view>

#include "scenario/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto reading = diglab::read_policy(text, 1, diglab::dialect_of("diglim"));
  for (const auto& problem : reading.problems) {
    if (problem.reason.empty() || problem.line < 1 || problem.column < 1) __builtin_trap();
  }
  // What was accepted is accepted again on its own.
  for (const auto& rule : reading.policy.rules) {
    if (diglab::rule_problem(rule.text, diglab::dialect_of("diglim"))) __builtin_trap();
  }
  return 0;
}
