// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/orphan_reaper.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <vector>

#include "os/stop_signals.h"

namespace diglab {
namespace {

/// How `child` ended, if it has; whatever else has ended is gone after this.
std::optional<int> reap(pid_t child) {
  std::optional<int> ended;
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == child) ended = status;
  return ended;
}

/// Our children of this session, as the kernel lists them (proc_pid_children(5)). What has made a session of its own is a daemon.
std::vector<pid_t> children_of_session() {
  std::vector<pid_t> found;
  std::ifstream children("/proc/thread-self/children");
  for (pid_t pid = 0; children >> pid;)
    if (::getsid(pid) == ::getsid(0)) found.push_back(pid);
  return found;
}

/// Kills what the child has left, and what is orphaned by that, until there is none or ten seconds are over: one may sleep in the kernel.
void end_leftovers(const sigset_t& watched) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 10s;
  for (auto left = children_of_session(); !left.empty() && std::chrono::steady_clock::now() < end; left = children_of_session()) {
    for (pid_t pid : left) ::kill(pid, SIGKILL);
    const ::timespec for_one{.tv_sec = 0, .tv_nsec = 100'000'000};
    ::sigtimedwait(&watched, nullptr, &for_one);
    (void)reap(0);
  }
}

[[noreturn]] void end_like(int status) {
  if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  // The child's core, if it left one, is the one that tells something.
  const rlimit no_core{};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int number = WTERMSIG(status);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, number);
  ::signal(number, SIG_DFL);
  ::raise(number);
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
  ::_exit(128 + number);
}

[[noreturn]] void reap_until_end_of(pid_t child, const sigset_t& watched) {
  for (;;) {
    siginfo_t from{};
    if (::sigwaitinfo(&watched, &from) < 0) continue;
    if (from.si_signo == SIGCHLD) {
      if (auto status = reap(child)) {
        end_leftovers(watched);
        end_like(*status);
      }
    } else if (from.si_code != SI_KERNEL) {
      ::kill(child, from.si_signo);  // the terminal's own (SI_KERNEL) go to the whole process group
    }
  }
}

}  // namespace

void live_under_orphan_reaper() {
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would not come
  sigset_t before;
  const sigset_t watched = without_ignored({SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2});
  ::sigprocmask(SIG_BLOCK, &watched, &before);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child > 0) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    reap_until_end_of(child, watched);
  }
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, ::sigismember(&watched, SIGTERM) == 1 ? SIGTERM : SIGKILL);
    if (::getppid() != parent) ::_exit(128 + SIGTERM);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace diglab
