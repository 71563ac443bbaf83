// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace diglab {

/// Which of an image's digest lists go into an initramfs.
enum class InitramfsLists {
  none,
  own,  ///< Those of the packages that its files are from.
  all,
};
/// "none", "own", "all".
[[nodiscard]] std::optional<InitramfsLists> initramfs_lists_named(std::string_view name);

/// What an initramfs holds. Everything is from the packages of an image.
struct InitramfsRequest {
  std::string init;                ///< Path of the program that /init is a link to.
  std::vector<std::string> files;  ///< More paths; `*` stands for any characters. Programs come with their interpreters and libraries.
  InitramfsLists lists = InitramfsLists::none;
};

/// A cpio archive of `init` and `files` and, appended to it as a boot loader appends a further initrd, one of lists. `repository` is that of
/// a built image. The same packages and request give the same bytes.
/// ErrorKind::bad_input names a file that no package has, and lists of an image that has none.
Result<std::string> make_initramfs(const std::filesystem::path& repository, const InitramfsRequest& request);

}  // namespace diglab
