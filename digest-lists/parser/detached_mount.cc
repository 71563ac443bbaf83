// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/detached_mount.h"

#include <cerrno>
#include <sys/mount.h>
#include <unistd.h>

namespace diglim {

int mount_detached(const char* type) {
  const int context = ::fsopen(type, FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  int mount = -1;
  if (::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0)
    mount = ::fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RELATIME);
  const int error = errno;
  ::close(context);
  errno = error;
  return mount;
}

}  // namespace diglim
