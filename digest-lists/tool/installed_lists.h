// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tool/list.h"
#include "tool/result.h"
#include "tool/root.h"

namespace diglim::tool {

/// A list in one of the directories that are loaded before init.
struct InstalledList {
  std::string name;
  std::string path;            ///< In the installed system.
  std::filesystem::path file;  ///< Where that is on this one.
  bool compact = true;         ///< Loaded by the kernel; otherwise converted by the uploader.
  bool masked = false;         ///< Empty, or a link to /dev/null: says that no list of this name is to be loaded.
  bool only_immutable = false;  ///< Of the header of a package: the directory has a file `.immutable`, which tells the parser so.
};

/// A file that marks a directory: of the headers of packages in it, only digests of immutable files count.
inline constexpr const char* only_immutable_mark = ".immutable";

/// Whether there is the rpm plugin's journal in a directory of lists: an rpm transaction is at work there, or did not come to its end.
[[nodiscard]] bool has_journal(const std::filesystem::path& directory);

/// Whether the file says so: empty, or a link to /dev/null.
[[nodiscard]] bool is_mask(const std::filesystem::path& file);

/// The lists of the system in the order in which they are loaded before init: those in the kernel's own format of all directories,
/// by name, and then the others of each directory. Of two with the same name only the one in the later directory is there.
Result<std::vector<InstalledList>> installed_lists(const Root& root, std::span<const std::string> directories);

/// The digests that it brings into the kernel.
Result<List> read_list(const InstalledList& list);

}  // namespace diglim::tool
