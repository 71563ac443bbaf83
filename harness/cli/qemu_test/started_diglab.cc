// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/qemu_test/started_diglab.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

std::optional<SeenProcess> look_at(const fs::path& directory) {
  auto stat = read_file(directory / "stat", 4096);
  auto command = read_file(directory / "cmdline", std::size_t{1} << 20);
  if (!stat || !command) return std::nullopt;
  // The name in parentheses may hold anything; state and parent follow its end.
  SeenProcess process;
  char state = 0;
  std::istringstream rest(stat->substr(std::min(stat->rfind(')') + 1, stat->size())));
  rest >> state >> process.parent;
  if (state == 'Z' || state == 'X') return std::nullopt;
  process.pid = std::atoi(directory.filename().c_str());
  process.program = fs::path(command->substr(0, command->find('\0'))).filename();
  std::ranges::replace(*command, '\0', ' ');
  process.command = *std::move(command);
  return process;
}

/// What is known of our own children; orphans that were reaped stand among them and are never asked for.
std::map<pid_t, int>& wait_statuses() {
  static std::map<pid_t, int> statuses;
  return statuses;
}

void reap() {
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) wait_statuses()[pid] = status;
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

std::vector<SeenProcess> descendants() {
  std::map<pid_t, SeenProcess> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    if (!std::isdigit(static_cast<unsigned char>(entry.path().filename().string().front()))) continue;
    if (auto process = look_at(entry.path())) all.emplace(process->pid, *process);
  }
  std::vector<SeenProcess> ours;
  for (const auto& [pid, process] : all) {
    pid_t ancestor = process.parent;
    for (std::size_t depth = 0; depth < all.size() && ancestor != ::getpid() && all.contains(ancestor); ++depth)
      ancestor = all.at(ancestor).parent;
    if (ancestor == ::getpid()) ours.push_back(process);
  }
  return ours;
}

bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (reap(), !holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

StartedDiglab::StartedDiglab(const fs::path& scratch, const std::string& name, std::vector<std::string> arguments,
                             const std::map<std::string, std::string>& environment, int terminal)
    : out_(scratch / (name + ".out")), err_(scratch / (name + ".err")) {
  const char* other = std::getenv("DIGLAB_TEST_PROGRAM");
  std::string program = other != nullptr ? other : DIGLAB_PROGRAM;
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) {
    wait_statuses().erase(pid_);  // of an orphan that had the same number
    return;
  }
  for (const auto& [key, value] : environment) ::setenv(key.c_str(), value.c_str(), 1);
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (terminal >= 0) ::ioctl(terminal, TIOCSCTTY, 0);
  ::dup2(terminal >= 0 ? terminal : ::open("/dev/null", O_RDONLY), 0);
  ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  ::dup2(::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
  ::execv(program.c_str(), argv.data());
  ::_exit(127);
}

StartedDiglab::~StartedDiglab() {
  if (status_) return;
  for (const SeenProcess& process : descendants()) ::kill(process.pid, SIGKILL);
  (void)wait(std::chrono::seconds(30));
}

std::string StartedDiglab::out() const {
  return read_file(out_).value_or(std::string());
}

std::string StartedDiglab::err() const {
  return read_file(err_).value_or(std::string());
}

void StartedDiglab::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

void StartedDiglab::signal_group(int number) const {
  if (!status_) ::kill(-pid_, number);
}

int StartedDiglab::wait(std::chrono::seconds limit) {
  eventually(
      [&] {
        auto found = wait_statuses().find(pid_);
        if (!status_ && found != wait_statuses().end())
          status_ = WIFSIGNALED(found->second) ? 128 + WTERMSIG(found->second) : WEXITSTATUS(found->second);
        return status_.has_value();
      },
      limit);
  return status_.value_or(-1);
}

}  // namespace diglab
