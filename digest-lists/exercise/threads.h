// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "exercise/rounds.h"

namespace diglim {

struct ThreadsRun {
  std::uint64_t seed = 1;
  std::size_t threads = 4;      ///< Of each kind: those who add and delete, those who query, those who read what is loaded.
  std::size_t operations = 500; ///< Of each thread.
  bool sabotage = false;        ///< The list that should stay is deleted meanwhile, which must be noticed: for controls.
};

/// Adders and deleters of lists that share digests, queries, and readers of the loaded lists, all at once. A list that is loaded
/// throughout must be found by every query; at the end the lists of each thread must be what that thread left.
[[nodiscard]] Finding run_threads(const Interface& kernel, const ThreadsRun& run);

}  // namespace diglim
