// SPDX-License-Identifier: GPL-2.0-or-later
#include "interface/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace diglim {

// Nobody but root may hold up rpm.
DirectoryLock::DirectoryLock(const std::string& directory, const std::function<void()>& waits)
    : descriptor_(::open((directory + "/.rpm/lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (descriptor_ < 0) return;
  int held = ::flock(descriptor_, LOCK_EX | LOCK_NB);
  if (held != 0 && errno == EWOULDBLOCK) waits();
  while (held != 0 && (errno == EINTR || errno == EWOULDBLOCK)) held = ::flock(descriptor_, LOCK_EX);
  if (held == 0) return;
  const int error = errno;
  release();
  errno = error;
}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  release();
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

void DirectoryLock::release() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace diglim
