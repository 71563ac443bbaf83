// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "os/process.h"

namespace diglab {

/// Has an installed system's own tool (dracut, mkinitramfs) make an initramfs: runs `script` by the system's /bin/sh inside `root`, in which
/// nothing can be changed meanwhile but /boot, /run and the directories for temporary files, which are empty. What it makes as
/// /boot/initrd.img becomes `result`. $1 is the version of the only kernel that the system has modules for.
/// ErrorKind::bad_input with what the tool said if it fails.
Result<void> make_own_initramfs(const std::filesystem::path& root, const std::string& script, const std::filesystem::path& result, Processes& processes,
                                const Deadline& deadline);

}  // namespace diglab
