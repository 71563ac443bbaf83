// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "os/process.h"
#include "tool/result.h"

namespace diglim::tool {

/// A member of an initramfs.
struct ArchivedFile {
  std::uint32_t mode = 0;  ///< st_mode: type and permissions.
  std::string content;     ///< Of a regular file; the target of a link.
};

/// By absolute path; of members of one path the last, as it is after unpacking.
using ArchivedFiles = std::map<std::string, ArchivedFile>;

/// Reads an initramfs as the kernel does (Documentation/driver-api/early-userspace/buffer-format.rst): cpio archives in the "newc" format,
/// one after the other with zeros between them, the last of which may be compressed; that is undone by the program of the format, `gzip` for
/// one. Regular files whose path is not `wanted` are left out.
///
/// By hand and not through libarchive, since the program goes into every initramfs, with its libraries: those of libarchive would be
/// four times as large as all of the rest.
///
/// ErrorKind::bad_input names `from`, the offset, what was expected there and what was found.
Result<ArchivedFiles> read_initramfs(std::string_view bytes, const std::string& from, const std::function<bool(std::string_view path)>& wanted,
                                     diglab::Processes& processes);

}  // namespace diglim::tool
