// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "exercise/rounds.h"

namespace diglim {

struct LoadRun {
  std::uint64_t seed = 1;
  std::size_t digests = 99'100;  ///< SHA-256, all different.
  std::size_t lists = 1'447;
  std::string directory = "/tmp/lists";  ///< Made, filled and emptied.
  std::size_t repeats = 3;
};
struct LoadResult {
  double hash_seconds = 0;    ///< Reading and hashing the same files, the best of the repeats.
  double load_seconds = 0;    ///< Uploading them by path, the best of the repeats.
  double delete_seconds = 0;
  double bytes_per_digest = 0;  ///< Of kernel memory, everything: what was free before and is not after. Of the repeats the one in the middle.
  long bytes_kept = 0;          ///< Not given back after everything was deleted, in the last repeat.
};

/// Loads so many digests from files, measures, deletes them, and looks whether the memory came back.
[[nodiscard]] Finding run_load(const Interface& kernel, const LoadRun& run, LoadResult& result);

}  // namespace diglim
