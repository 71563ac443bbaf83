// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

namespace diglab::agent {
namespace {

/// Everything but what is named: another request's pipes would otherwise stay open as long as this process lives.
void close_all_but(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned from = 3;
  for (int fd : kept) {
    if (fd < 3) continue;
    auto number = static_cast<unsigned>(fd);
    if (number > from) ::close_range(from, number - 1, 0);
    from = number + 1;
  }
  ::close_range(from, ~0U, 0);
}

void close_both(const int (&pair)[2]) {
  for (int fd : pair)
    if (fd >= 0) ::close(fd);
}

}  // namespace

wire::Json Process::outcome() const {
  wire::Json json;
  if (failed) {
    json = *failed;
    json["how"] = "failed";
  } else if (deadline_passed) {
    json["how"] = "deadline";
  } else if (!wait_status) {
    json["how"] = "unknown";
  } else if (WIFSIGNALED(*wait_status)) {
    json["how"] = "killed";
    json["signal"] = WTERMSIG(*wait_status);
    json["signal_name"] = signal_name(WTERMSIG(*wait_status));
  } else if (done) {
    json["how"] = "done";
  } else {
    json["how"] = "exited";
    json["status"] = WEXITSTATUS(*wait_status);
  }
  json["truncated"] = truncated;
  json["digests"] = digests;
  json["values"] = values;
  return json;
}

void Process::kill() const {
  if (pid <= 0 || wait_status) return;
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);  // it may not yet lead its group
}

void Process::close_input() {
  if (in >= 0) ::close(in);
  in = -1;
  input.clear();
}

Process start_process(const Inherited& inherited, const Handles& handles, bool gated, const std::function<void(const Channel&)>& body) {
  Process process;
  int in[2] = {-1, -1};
  int out[2] = {-1, -1};
  int err[2] = {-1, -1};
  int channel[2] = {-1, -1};
  int gate[2] = {-1, -1};
  bool made = ::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0 && ::pipe2(err, O_CLOEXEC) == 0 &&
              ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0 && (!gated || ::pipe2(gate, O_CLOEXEC) == 0);
  process.pid = made ? ::fork() : -1;
  if (process.pid < 0) {
    int error = errno;
    close_both(in);
    close_both(out);
    close_both(err);
    close_both(channel);
    close_both(gate);
    process.failed = error_json(error, "fork");
    return process;
  }
  if (process.pid == 0) {
    ::setsid();
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    std::vector<int> kept{channel[1]};
    if (gated) kept.push_back(gate[0]);
    for (const auto& [name, fd] : handles) kept.push_back(fd);
    close_all_but(std::move(kept));
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &inherited.signals, nullptr);
    rlimit files{inherited.soft_files, inherited.hard_files};
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::umask(022);
    Channel to_agent(channel[1]);
    if (gated) {
      to_agent.send(Message::ready);
      char byte;
      while (::read(gate[0], &byte, 1) < 0 && errno == EINTR) {}
      ::close(gate[0]);
    }
    body(to_agent);
    ::_exit(0);
  }
  ::close(in[0]);
  ::close(out[1]);
  ::close(err[1]);
  ::close(channel[1]);
  if (gated) ::close(gate[0]);
  process.in = in[1];
  process.out = out[0];
  process.err = err[0];
  process.channel = channel[0];
  process.gate = gate[1];
  for (int fd : {process.in, process.out, process.err}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return process;
}

}  // namespace diglab::agent
