// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace diglab {

/// What counts instead of the kernel and the suite that scenarios ask for.
struct MachineOptions {
  std::string kernel = {};  ///< A flavour, tree:PATH or image:PATH; empty: as scenarios ask.
  std::string suite = {};   ///< Of Debian; empty: likewise.

  /// "--kernel", "tree:/x", "--suite", "sid": as a run is repeated, from any directory.
  [[nodiscard]] std::vector<std::string> words() const;
  /// Those among the options that a run was recorded with; each option there has a value.
  [[nodiscard]] static MachineOptions among(const std::vector<std::string>& words);
};

}  // namespace diglab
