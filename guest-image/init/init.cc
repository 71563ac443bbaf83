// SPDX-License-Identifier: GPL-2.0-or-later
// diglab-init: process 1 of a guest without systemd. Mounts, starts the agent, reaps, powers off.
//
// It never hangs: when the agent cannot be started, or has ended, one line on the console says why, and the machine powers off.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "agent/pid1.h"

namespace {

using namespace diglab::agent;

constexpr const char* agent_path = "/usr/libexec/diglab/diglab-agent";

/// Returns the agent's pid, or -1 with the errno of its execve.
pid_t start_agent(const sigset_t& signals) {
  int started[2];
  if (::pipe2(started, O_CLOEXEC) < 0) return -1;
  pid_t pid = ::fork();
  if (pid == 0) {
    ::setsid();
    ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
    char* const argv[] = {const_cast<char*>(agent_path), nullptr};
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char* const environment[] = {path, nullptr};
    ::execve(agent_path, argv, environment);
    int error = errno;
    (void)!::write(started[1], &error, sizeof error);
    ::_exit(127);
  }
  ::close(started[1]);
  int error = 0;
  auto count = pid < 0 ? 0 : ::read(started[0], &error, sizeof error);
  ::close(started[0]);
  if (pid > 0 && count <= 0) return pid;
  errno = error;
  return -1;
}

[[noreturn]] void power_off_because(const char* what, const char* why) {
  std::fprintf(stderr, "diglab-init: %s: %s; powering off\n", what, why);
  end_system(false);
}

}  // namespace

int main() {
  if (::getpid() != 1) {
    std::fprintf(stderr, "diglab-init: only of use as process 1\n");
    return 2;
  }
  prepare_system();
  ::mount(nullptr, "/", nullptr, MS_REMOUNT, nullptr);  // the kernel mounts the root read-only unless told otherwise
  (void)!::sethostname("diglab", 6);

  sigset_t signals;
  ::sigemptyset(&signals);
  for (int number : {SIGCHLD, SIGTERM, SIGINT, power_off_signal(), reboot_signal()}) ::sigaddset(&signals, number);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);

  pid_t agent = start_agent(signals);
  if (agent < 0) power_off_because("cannot execute /usr/libexec/diglab/diglab-agent", ::strerrorname_np(errno));
  while (true) {
    int number = ::sigwaitinfo(&signals, nullptr);
    if (number == SIGTERM || number == power_off_signal()) end_system(false);
    if (number == SIGINT || number == reboot_signal()) end_system(true);
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != agent) continue;
      char text[64];
      if (WIFSIGNALED(status)) std::snprintf(text, sizeof text, "killed by signal %d", WTERMSIG(status));
      else std::snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(status));
      power_off_because("the agent has ended", text);
    }
  }
}
