// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string_view>

#include "os/process.h"

namespace diglab {

/// What the bare shell prints when it is there.
inline constexpr std::string_view bare_shell_ready = "diglab: bare shell ready";

/// The least that a kernel can boot to: a cpio archive with a static busybox whose shell is process 1 and says so.
/// ErrorKind::infra if busybox is not installed or not static.
Result<void> make_bare_initramfs(const std::filesystem::path& to, Processes& processes, const Deadline& deadline);

}  // namespace diglab
