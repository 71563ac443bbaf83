// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tool/generate.h"

namespace diglim::tool {

/// A file to be put into a list.
struct FileToList {
  std::string path;            ///< In the root.
  std::filesystem::path file;  ///< Here.
};

/// Where lists go if nothing else was said: the administrator's directory of the root.
[[nodiscard]] std::filesystem::path output_directory(const std::filesystem::path& wish, const Context& context);

/// What became of a list.
enum class Put {
  written,
  unchanged,  ///< It was there already.
  masked,     ///< The administrator wants no list of this name; so it stays.
};
/// Writes `content` to `place`, readable by everybody, and never there in part.
Result<Put> put_list(const std::filesystem::path& place, std::string_view content);

/// Makes the list, writes it, and says so in the report; files without content are left out. ErrorKind::bad_input if nothing is left.
Result<void> write_file_list(const FileList& list, const std::vector<FileToList>& files, const Context& context, Report& report);

}  // namespace diglim::tool
