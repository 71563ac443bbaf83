// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "scenario/problems.h"
#include "scenario/scenario.h"

namespace diglab {

/// The ids of steps and checks that a scenario file gives: each may be given once, and none that those without one are known by.
class Ids {
 public:
  /// Reports an id that was given before, with the line where, and one like "step-2". An empty id (wrong, and reported already) is passed over.
  void add(const CheckId& id, Position at, Problems& problems);

 private:
  std::map<CheckId, Position> given_;
};

}  // namespace diglab
