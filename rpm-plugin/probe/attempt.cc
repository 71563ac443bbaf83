// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/attempt.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "exercise/sha256.h"
#include "format/bytes.h"

namespace diglim {
namespace {

/// The child has our memory until it is another program, so that it can say itself why it is not. `file` is used if `path` is null.
[[gnu::noinline]] int execute(const char* path, int file) {
  char word[] = "probe";
  char* arguments[] = {word, nullptr};
  char* environment[] = {nullptr};
  static const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  volatile int error = 0;
  const pid_t child = ::vfork();
  if (child < 0) return errno;
  if (child == 0) {
    if (nowhere >= 0) {
      ::dup2(nowhere, STDOUT_FILENO);
      ::dup2(nowhere, STDERR_FILENO);
    }
    if (path != nullptr) ::execve(path, arguments, environment);
    else ::syscall(SYS_execveat, file, "", arguments, environment, AT_EMPTY_PATH);
    error = errno;
    ::_exit(0);
  }
  while (::waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return error;
}

int map(int file) {
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
  if (memory == MAP_FAILED) return errno;
  ::munmap(memory, 4096);
  return 0;
}

std::string digest_of_open(int file) {
  std::string content;
  char buffer[4096];
  for (off_t at = 0;;) {
    const auto count = ::pread(file, buffer, sizeof buffer, at);
    if (count <= 0) break;
    content.append(buffer, static_cast<std::size_t>(count));
    at += count;
  }
  const std::string digest = sha256(content);
  return to_hex(ByteView(reinterpret_cast<const std::uint8_t*>(digest.data()), digest.size()));
}

bool same_file(int file, const std::string& path) {
  struct stat open_one {}, named {};
  return ::fstat(file, &open_one) == 0 && ::stat(path.c_str(), &named) == 0 && open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

}  // namespace

std::string_view to_string(Access access) {
  switch (access) {
    case Access::exec: return "exec";
    case Access::fexecve: return "fexecve";
    case Access::map: return "map";
  }
  return {};
}

Attempt attempt(Access access, const std::string& path) {
  // Scripts are read by their interpreter through this descriptor; so it stays open there.
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0) return {.error = errno};
  Attempt result;
  if (access == Access::exec) {
    result.error = execute(path.c_str(), -1);
    // While it is open no other file can get its inode: if the name still leads to it, it was used.
    if (same_file(file, path)) result.digest = digest_of_open(file);
  } else {
    result = attempt(access, file);
  }
  ::close(file);
  return result;
}

Attempt attempt(Access access, int file) {
  return {.digest = digest_of_open(file), .error = access == Access::map ? map(file) : execute(nullptr, file)};
}

bool Row::is_violated_by(int error) const { return never ? error == 0 : error != 0 && error != ENOENT; }

std::vector<Row> rows_of(const std::vector<std::string>& paths, const std::vector<std::string>& never) {
  std::vector<Row> rows;
  for (const auto* some : {&paths, &never})
    for (const auto& path : *some)
      for (const Access access : {Access::exec, Access::fexecve, Access::map}) rows.push_back({access, path, some == &never});
  return rows;
}

std::string result_name(int error) {
  if (error == 0) return "allowed";
  if (error == ENOENT) return "absent";
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

}  // namespace diglim
