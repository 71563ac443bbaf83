// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "parser/found_lists.h"
#include "parser/log.h"
#include "parser/repository.h"

namespace diglim {

struct LoadOptions {
  Operation operation = Operation::add;
  /// Only digests of what is not to be modified. So it is for the lists of a directory, too, in which there is a file `.immutable`.
  bool only_immutable = false;
  /// Each begins and ends in a slash.
  std::vector<std::string> immutable_directories = {};
};

struct LoadCounts {
  unsigned done = 0;     ///< Uploaded, or as wished already, or without a digest.
  unsigned refused = 0;  ///< Said to the log, one line each.
};

/// Converts lists one by one, and uploads each as one compact list whose label is the name of the file: so that a list is there whole
/// or not at all. One that is refused does not keep the others from being loaded.
///
/// Memory: the largest file, and less than half of it.
[[nodiscard]] LoadCounts load_lists(std::span<const FoundList> lists, const LoadOptions& options, Repository& repository, Log& log);

}  // namespace diglim
