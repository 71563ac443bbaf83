// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "exercise/rounds.h"
#include "interface/interface.h"

namespace diglim {

struct EachRun {
  std::string directory = "/root";  ///< Where lists that are uploaded by their paths are written.
  unsigned actions = 0;             ///< What the policy gives an upload.
};
/// A list of every algorithm and type, as a buffer and as a file: after its addition, and again after its deletion, counts, entries, the binary
/// and the readable file, and the answer for each digest are what a model says. `lists`: how many there were.
[[nodiscard]] Finding run_each(const Interface& kernel, const EachRun& run, std::size_t& lists);

}  // namespace diglim
