// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "tool/context.h"
#include "tool/result.h"

namespace diglim::tool {

/// Puts into an initramfs in the making what it needs to start under digest lists, and to load those of the root file system.
struct Initramfs {
  std::filesystem::path tree;  ///< The directory that becomes the initramfs, with everything else in it already.
  std::string parser = "/usr/libexec/diglim/diglim-parser";  ///< Taken along if lists of packages' headers are needed.
};
/// The installed lists that have a digest of a file in the tree, the certificates that the kernel loads, and the parser. What could be
/// executed and is in no list is named, and makes the status exit_status::no: under enforcement it is denied.
Result<Report> initramfs(const Initramfs& wish, const Context& context);

}  // namespace diglim::tool
