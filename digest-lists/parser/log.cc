// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "parser/detached_mount.h"

namespace diglim {
namespace {

constexpr std::size_t max_line = 900;  // The kernel takes lines of less than 1 KiB.

constexpr const char* kernel_log = "kmsg";

int open_devices() {
  // In an initramfs nothing may be in /dev yet.
  if (::access("/dev/kmsg", W_OK) != 0) return mount_detached("devtmpfs");
  return ::open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

}  // namespace

SystemLog::SystemLog(To to) : to_(to), devices_(to == To::kernel ? open_devices() : -1) {}

SystemLog::~SystemLog() {
  if (devices_ >= 0) ::close(devices_);
}

void SystemLog::write(int level, std::string_view line) {
  std::string text = to_ == To::kernel ? "<" + std::to_string(level) + ">diglim-parser: " : "diglim-parser: ";
  for (const char c : line.substr(0, max_line)) text += c >= ' ' && c <= '~' ? c : '?';
  text += '\n';
  // The kernel takes ten lines in five seconds from one descriptor, and drops the others: each line has its own.
  const int fd = to_ == To::kernel ? ::openat(devices_, kernel_log, O_WRONLY | O_CLOEXEC | O_NOCTTY) : STDERR_FILENO;
  // There is nobody to tell that this went wrong.
  (void)!::write(fd, text.data(), text.size());
  if (to_ == To::kernel && fd >= 0) ::close(fd);
}

}  // namespace diglim
