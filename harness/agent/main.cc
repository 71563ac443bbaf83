// SPDX-License-Identifier: GPL-2.0-or-later
// diglab-agent [--port <name> | --device <path>]: serves the harness on a virtio-serial port.
//
// What it touches by itself, since every access may count under a policy: /dev/virtio-ports/<name> or the names in
// /sys/class/virtio-ports, and the port's device. As process 1 also the mounts of agent/pid1.h and /dev/console.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "agent/pid1.h"
#include "agent/port.h"
#include "agent/server.h"

namespace {

using namespace diglab::agent;

void shut_down(const std::string& how, bool orderly) {
  bool reboot = how == "reboot";
  if (!orderly) return end_machine(reboot);
  if (::getpid() == 1) end_system(reboot);
  ::kill(1, reboot ? reboot_signal() : power_off_signal());
}

int give_up(const std::string& what) {
  std::fprintf(stderr, "diglab-agent: %s\n", what.c_str());
  if (::getpid() == 1) end_system(false);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string port = "org.diglab.agent";
  std::string device;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--port") == 0) port = argv[i + 1];
    if (std::strcmp(argv[i], "--device") == 0) device = argv[i + 1];
  }
  if (::getpid() == 1) prepare_system();
  if (device.empty()) device = find_port(port, std::chrono::seconds(60));
  if (device.empty()) return give_up("no virtio-serial port called " + port + " appeared within 60 s");
  int fd = ::open(device.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return give_up("cannot open " + device + ": " + std::strerror(errno));
  Server({.port = fd, .port_is_virtio = true, .shut_down = shut_down}).serve();
  return ::getpid() == 1 ? give_up("told to end") : 0;
}
