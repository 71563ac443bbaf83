// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/ids.h"

#include <algorithm>

#include <fmt/format.h>

namespace diglab {
namespace {

/// What steps and checks without an id are called: a prefix of StepReader's or of read_checks, and a number.
bool is_numbered(std::string_view id) {
  auto dash = id.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == id.size()) return false;
  constexpr std::string_view prefixes[] = {"step", "before", "replaced", "check"};
  return std::ranges::find(prefixes, id.substr(0, dash)) != std::end(prefixes) &&
         id.find_first_not_of("0123456789", dash + 1) == std::string_view::npos;
}

}  // namespace

void Ids::add(const CheckId& id, Position at, Problems& problems) {
  if (id.empty()) return;
  if (is_numbered(id.str())) {
    problems.add(at, fmt::format("the id '{}' is what a step or check without one is called", id.str()));
  }
  if (auto [found, added] = given_.emplace(id, at); !added) {
    problems.add(at, fmt::format("the id '{}' is given twice; first in line {}", id.str(), found->second.line));
  }
}

}  // namespace diglab
