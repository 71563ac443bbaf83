// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace diglab {

/// One patch of a series.
struct Patch {
  std::filesystem::path path;
  std::string name;  ///< As the series file has it.
};

/// A kernel made of a source: kernel-patches/<version>/flavours/<name>.yaml, with every file it names found.
///
///     about: our series on the distribution's kernel
///     series: [series]                 # each a list of patches, in files beside base.config; none: unpatched
///     unless: security/integrity/diglim/Kconfig   # a tree that has this file has the series already
///     fragments: [guest, tpm, ima]     # fragments/<name>.config, merged after base.config in this order
///     selftests: [diglim]              # built from the tree's tools/testing/selftests/, statically linked
///     must: [must]                     # <name>.config: the lines that must be in the finished configuration
struct Flavour {
  std::string name;
  std::string about;
  std::vector<Patch> patches;
  std::string unless;
  std::vector<std::filesystem::path> fragments;  ///< base.config first.
  std::vector<std::filesystem::path> must;
  std::vector<std::string> selftests;
};

/// Reads flavour `name` for kernel `version` ("6.12"); a version that has no directory of its own gets the newest one
/// that is not newer, or the oldest. ErrorKind::bad_input names file and line.
Result<Flavour> read_flavour(const std::filesystem::path& patches, std::string_view version, std::string_view name);

/// The names of the flavours for `version`, sorted.
Result<std::vector<std::string>> list_flavours(const std::filesystem::path& patches, std::string_view version);

/// The patches that a series file lists, one path per line relative to the file, `#` starting a comment.
Result<std::vector<Patch>> read_series(const std::filesystem::path& series);

}  // namespace diglab
