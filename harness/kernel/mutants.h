// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace diglab {

/// A deliberate defect in our own series: one entry of kernel-patches/mutants/mutants.yaml, with its files found.
///
///     - patch: lookup-ignores-type.patch     # applied after the series
///       breaks: a digest is found whatever it is the digest of
///       noticed_by: [lists/random-model]     # scenarios, the likeliest first
///       sample: true                         # also part of the short list
struct Mutant {
  std::string name;  ///< The patch's name without ".patch".
  std::filesystem::path patch;
  std::string breaks;
  std::vector<std::string> noticed_by;
  bool sample = false;
};

/// In the order of the file. ErrorKind::bad_input names line and key.
Result<std::vector<Mutant>> read_mutants(const std::filesystem::path& directory);

}  // namespace diglab
