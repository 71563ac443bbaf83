// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/pid1.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace diglab::agent {
namespace {

struct MountPoint {
  const char* type;
  const char* path;
  unsigned long flags;
  const char* data;
};

constexpr MountPoint mount_points[] = {
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"securityfs", "/sys/kernel/security", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
};

/// Something is mounted on `path` already when it is on another device than the directory that holds it.
bool is_mount_point(const char* path) {
  char parent[256];
  std::strncpy(parent, path, sizeof parent - 1);
  parent[sizeof parent - 1] = '\0';
  *(std::strrchr(parent, '/') + (std::strrchr(parent, '/') == parent ? 1 : 0)) = '\0';
  struct stat here {};
  struct stat above {};
  return ::stat(path, &here) == 0 && ::stat(parent, &above) == 0 && here.st_dev != above.st_dev;
}

void open_console() {
  int fd = ::open("/dev/console", O_RDWR | O_NOCTTY);
  // The lowest free number is taken each time, so this fills exactly the gaps below 3.
  while (fd >= 0 && fd < 3) fd = ::dup(fd);
  if (fd >= 3) ::close(fd);
}

void bring_loopback_up() {
  int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  ::ioctl(fd, SIOCSIFFLAGS, &request);
  ::close(fd);
}

/// True when no child is left.
bool reap_all() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
  return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
}

}  // namespace

void prepare_system() {
  for (const auto& point : mount_points) {
    ::mkdir(point.path, 0755);
    if (!is_mount_point(point.path)) ::mount(point.type, point.path, point.type, point.flags, point.data);
  }
  open_console();
  bring_loopback_up();
}

void end_system(bool reboot) {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  ::kill(-1, SIGTERM);
  timespec second{1, 0};
  while (!reap_all())
    if (::sigtimedwait(&child, nullptr, &second) < 0 && errno == EAGAIN) break;
  ::kill(-1, SIGKILL);
  ::sync();
  ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY, nullptr);
  end_machine(reboot);
  while (true) ::pause();
}

void end_machine(bool reboot) { ::reboot(reboot ? RB_AUTOBOOT : RB_POWER_OFF); }

int power_off_signal() { return SIGRTMIN + 4; }
int reboot_signal() { return SIGRTMIN + 5; }

}  // namespace diglab::agent
