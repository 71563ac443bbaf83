// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/ids.h"

#include <fmt/format.h>

namespace diglab {

void Ids::add(const CheckId& id, Position at, Problems& problems) {
  if (id.empty()) return;
  if (auto [found, added] = given_.emplace(id, at); !added) {
    problems.add(at, fmt::format("the id '{}' is given twice; first in line {}", id.str(), found->second.line));
  }
}

}  // namespace diglab
