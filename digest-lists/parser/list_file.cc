// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/list_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace diglim {
namespace {

std::unexpected<std::string> system_error() { return std::unexpected(std::string(::strerrordesc_np(errno))); }

bool is_same_moment(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

}  // namespace

std::expected<ListFile, std::string> ListFile::open(const std::string& path) {
  struct stat status;
  // Looked at before it is opened, since opening a device can have effects, and after it, since it may be another by then.
  if (::stat(path.c_str(), &status) != 0) return system_error();
  if (!S_ISREG(status.st_mode)) return std::unexpected(std::string("not a regular file"));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return system_error();
  ListFile file(fd, status);
  if (::fstat(fd, &file.status_) != 0) return system_error();
  if (!S_ISREG(file.status_.st_mode)) return std::unexpected(std::string("not a regular file"));
  if (static_cast<std::uint64_t>(file.status_.st_size) > max_size)
    return std::unexpected("expected at most " + std::to_string(max_size) + " bytes, found " + std::to_string(file.status_.st_size));
  return file;
}

ListFile::~ListFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::expected<void, std::string> ListFile::read(std::vector<std::uint8_t>& buffer) const {
  const auto size = static_cast<std::size_t>(status_.st_size);
  if (buffer.capacity() < size) buffer = {};  // so that never both are there
  buffer.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const auto count = ::read(fd_, buffer.data() + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error();
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  struct stat now;
  if (::fstat(fd_, &now) != 0) return system_error();
  if (done != size || now.st_size != status_.st_size || !is_same_moment(now.st_mtim, status_.st_mtim))
    return std::unexpected(std::string("it was changed while it was read"));
  return {};
}

}  // namespace diglim
