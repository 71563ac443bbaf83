// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace diglab {

/// One member of a cpio archive.
struct CpioEntry {
  std::string path;        ///< "usr/bin/true": without a slash in front.
  std::uint32_t mode = 0;  ///< st_mode: type (regular file, directory or symbolic link) and permissions.
  std::string content;     ///< Of a file; the target of a link.
};

/// An archive in the "newc" format, which the kernel unpacks into its first root file system. Several, one after the other, are
/// one for the kernel, too. In the order given, owned by root, all of the same time: the same entries give the same bytes.
/// A directory must come before what is in it. ErrorKind::infra names the entry that the format has no room for.
Result<std::string> cpio_of(const std::vector<CpioEntry>& entries);

}  // namespace diglab
