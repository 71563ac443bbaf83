// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/repository.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "parser/detached_mount.h"

namespace diglim {
namespace {

constexpr const char* mounted_at = "/sys/kernel/security";
constexpr const char* label_file = "integrity/diglim/digest_list_label";
constexpr const char* add_file = "integrity/diglim/digest_list_add";
constexpr const char* delete_file = "integrity/diglim/digest_list_del";

}  // namespace

int KernelRepository::open() {
  struct statfs what;
  const bool is_mounted = ::statfs(mounted_at, &what) == 0 && what.f_type == SECURITYFS_MAGIC;
  const int security = is_mounted ? ::open(mounted_at, O_PATH | O_DIRECTORY | O_CLOEXEC) : mount_detached("securityfs");
  if (security < 0) return -1;
  if (::faccessat(security, add_file, F_OK, 0) == 0) return security;
  const int error = errno;
  ::close(security);
  errno = error;
  return -1;
}

KernelRepository::~KernelRepository() { ::close(security_); }

int KernelRepository::write(const char* file, ByteView bytes) const {
  const int fd = ::openat(security_, file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const auto count = ::write(fd, bytes.data(), bytes.size());
  const int error = count < 0 ? errno : static_cast<std::size_t>(count) == bytes.size() ? 0 : EIO;
  ::close(fd);
  return error;
}

int KernelRepository::upload(Operation operation, std::string_view label, ByteView list) {
  if (const int error = write(label_file, bytes_of(label)); error != 0) return error;
  return write(operation == Operation::add ? add_file : delete_file, list);
}

}  // namespace diglim
