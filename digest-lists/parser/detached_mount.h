// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace diglim {

/// Mounts a file system of the kernel's (securityfs, devtmpfs) that needs no device, nowhere: what is returned is a descriptor of its
/// root, for openat(), and with its last descriptor it is gone. So nothing needs a directory to be mounted on, nobody else sees it,
/// and nothing is left to unmount. -1 with errno.
int mount_detached(const char* type);

}  // namespace diglim
