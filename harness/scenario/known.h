// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace diglab {

/// What a scenario's machine can be made of. Nothing is held against a list that is empty.
struct Known {
  std::vector<std::string> flavours;  ///< For `kernel`.
  std::vector<std::string> sets;      ///< For `image`.
};

}  // namespace diglab
