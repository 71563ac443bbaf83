// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/test_daemon.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/process.hpp>
#include <cstring>

#include "machine/owned_processes.h"
#include "machine/tpm_template.h"

namespace diglab {
namespace {

namespace bp = boost::process;
namespace fs = std::filesystem;

bool accepts_connections(const fs::path& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket_path.string();
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool connected = ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(client);
  return connected;
}

/// Waits until somebody listens on the socket, or the process behind `pidfd` ends. That the socket is there is not enough: it
/// has its name before anybody listens.
Result<void> wait_for_listener(const fs::path& socket_path, int pidfd, const Deadline& deadline) {
  pollfd ended{.fd = pidfd, .events = POLLIN, .revents = 0};
  while (!accepts_connections(socket_path))
    if (deadline.expired() || ::poll(&ended, 1, 5) > 0)
      return fail(ErrorKind::infra, fmt::format("the libvirt daemon does not listen on {}", socket_path.string()));
  return {};
}

Result<void> configure(const fs::path& directory, const fs::path& cache_dir, const Deadline& deadline) {
  for (const char* name : {"run/libvirt", "config/libvirt", "cache/libvirt/qemu", "data", "pool"}) TRY_VOID(make_directories(directory / name));
  TRY_VOID(write_file(directory / "config/libvirt/qemu.conf", "security_driver = \"none\"\nstdio_handler = \"file\"\nremember_owner = 0\n"));
  TRY_VOID(write_file(directory / "libvirtd.conf", fmt::format("log_outputs = \"3:file:{}/libvirtd.log\"\n", directory.string())));
  // What libvirt knows of QEMU, kept over daemons.
  TRY_VOID(make_directories(cache_dir / "libvirt/qemu/capabilities"));
  std::error_code ignored;
  fs::create_directory_symlink(fs::absolute(cache_dir / "libvirt/qemu/capabilities"), directory / "cache/libvirt/qemu/capabilities", ignored);
  SystemProcesses processes;
  TpmTemplate factory = TRY(tpm_template(cache_dir, processes, deadline));
  TRY(write_swtpm_configuration(directory / "config", factory.authority));
  return {};
}

}  // namespace

Result<std::unique_ptr<TestDaemon>> TestDaemon::start(const fs::path& cache_dir, const Deadline& deadline) {
  std::unique_ptr<TestDaemon> daemon(new TestDaemon(TRY(TempDir::make("/tmp", "dgd"))));
  const fs::path& directory = daemon->directory_.path();
  TRY_VOID(configure(directory, cache_dir, deadline));
  bp::environment environment = boost::this_process::environment();
  environment["XDG_RUNTIME_DIR"] = (directory / "run").string();
  environment["XDG_CONFIG_HOME"] = (directory / "config").string();
  environment["XDG_CACHE_HOME"] = (directory / "cache").string();
  environment["XDG_DATA_HOME"] = (directory / "data").string();
  environment["HOME"] = directory.string();
  environment.erase("LIBVIRT_LOG_OUTPUTS");
  std::vector<std::string> command;
  if (::geteuid() == 0) command = {"/usr/bin/unshare", "--user", "--map-user=1000", "--map-group=1000"};
  command.insert(command.end(), {"/usr/sbin/libvirtd", "-f", (directory / "libvirtd.conf").string()});
  std::error_code error;
  bp::child child(bp::exe = command.front(), bp::args = std::vector<std::string>(command.begin() + 1, command.end()), environment,
                  bp::std_in < bp::null, bp::std_out > bp::null, bp::std_err > (directory / "stderr").string(), error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot start: {}", command.front(), error.message()));
  daemon->pid_ = child.id();
  child.detach();
  int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, daemon->pid_, 0));
  auto ready = wait_for_listener(directory / "run/libvirt/libvirt-sock", pidfd, deadline);
  ::close(pidfd);
  if (!ready) {
    auto words = read_file(directory / "stderr");
    return fail(std::move(ready).error().within(words ? *words : std::string()));
  }
  return daemon;
}

std::string TestDaemon::uri() const {
  return fmt::format("qemu+unix:///session?socket={}/run/libvirt/libvirt-sock", directory_.path().string());
}

void TestDaemon::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

TestDaemon::~TestDaemon() {
  kill();
  kill_hypervisor_processes(directory_.path().string() + "/");
}

}  // namespace diglab
