// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/port.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace diglab::agent {
namespace {

std::string scan(const std::string& name) {
  auto link = "/dev/virtio-ports/" + name;
  if (::access(link.c_str(), F_OK) == 0) return link;
  const std::string directory = "/sys/class/virtio-ports";
  auto* ports = ::opendir(directory.c_str());
  if (ports == nullptr) return {};
  std::string found;
  while (auto* entry = found.empty() ? ::readdir(ports) : nullptr) {
    if (entry->d_name[0] == '.') continue;
    int fd = ::open((directory + "/" + entry->d_name + "/name").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    char text[256];
    auto count = ::read(fd, text, sizeof text);
    ::close(fd);
    std::string_view line(text, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (line.substr(0, line.find('\n')) == name) found = std::string("/dev/") + entry->d_name;
  }
  ::closedir(ports);
  return found;
}

}  // namespace

std::string find_port(const std::string& name, std::chrono::milliseconds limit) {
  // Listening before looking: what appears in between is not missed. The port's name comes in a message of its own after
  // the port, and the kernel sends a "change" event then.
  int events = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;
  const bool told = events >= 0 && ::bind(events, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  auto until = std::chrono::steady_clock::now() + limit;
  auto found = scan(name);
  while (found.empty()) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) break;
    pollfd event{events, POLLIN, 0};
    ::poll(&event, 1, static_cast<int>(told ? left : std::min<long>(left, 100)));  // not told of events, it looks now and then
    char text[8192];
    while (events >= 0 && ::recv(events, text, sizeof text, 0) > 0) {}
    found = scan(name);
  }
  if (events >= 0) ::close(events);
  return found;
}

}  // namespace diglab::agent
