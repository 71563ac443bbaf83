// SPDX-License-Identifier: GPL-2.0-or-later
#include "interface/parser_run.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace diglim {
namespace {

/// Bytes of a command line with its pointers: less than Linux takes however small the stack is, 128 KiB (execve(2)).
constexpr std::size_t max_command_line = std::size_t{96} << 10;
constexpr std::size_t max_messages = std::size_t{64} << 10;
constexpr int status_no_kernel = 3;  // diglim-parser(8)

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const auto count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    if (text.size() < max_messages) text.append(buffer, static_cast<std::size_t>(count));
  }
}

/// rpm runs with its signals blocked and SIGPIPE ignored; a program that it starts has neither, no descriptors but the three, and an
/// empty environment: converters of lists need none.
int start(const std::string& program, std::vector<char*>& arguments, int input, int output, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (input >= 0) posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  else posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char* environment[] = {nullptr};
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

ParserResult run_once(const std::string& program, ParserOperation operation, std::span<const std::string> paths, int input) {
  std::vector<char*> arguments{const_cast<char*>(program.c_str()), const_cast<char*>(operation == ParserOperation::add ? "add" : "del")};
  if (operation == ParserOperation::del_only_immutable) arguments.push_back(const_cast<char*>("--only-immutable"));
  for (const auto& path : paths) arguments.push_back(const_cast<char*>(path.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {ParserResult::failed, program + ": " + ::strerrordesc_np(errno)};
  pid_t pid;
  const int error = start(program, arguments, input, ends[1], pid);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return {error == ENOENT ? ParserResult::no_program : ParserResult::failed, "cannot run " + program + ": " + ::strerrordesc_np(error)};
  }
  ParserResult result{ParserResult::refused, read_all(ends[0])};
  ::close(ends[0]);
  int status;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return {ParserResult::failed, program + ": " + ::strerrordesc_np(errno)};
  if (WIFSIGNALED(status)) result.messages += program + " was killed by signal " + std::to_string(WTERMSIG(status)) + "\n";
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) result.status = ParserResult::done;
  if (WIFEXITED(status) && WEXITSTATUS(status) == status_no_kernel) result.status = ParserResult::no_kernel;
  return result;
}

/// How many of the first paths are for one command line; at least one.
std::size_t fitting(std::span<const std::string> paths) {
  std::size_t count = 0;
  for (std::size_t size = 0; count < paths.size(); ++count) {
    size += sizeof(char*) + paths[count].size() + 1;
    if (size > max_command_line) break;
  }
  return std::max(count, std::size_t{1});
}

}  // namespace

ParserResult run_parser(const std::string& program, ParserOperation operation, const std::vector<std::string>& paths, const DirectoryLock& lock) {
  ParserResult all;
  for (std::span<const std::string> left = paths; !left.empty();) {
    const auto part = left.first(fitting(left));
    left = left.subspan(part.size());
    const auto result = run_once(program, operation, part, lock.descriptor());
    if (result.status != ParserResult::done) all.status = result.status;
    all.messages += result.messages;
    if (result.status == ParserResult::no_kernel || result.status == ParserResult::no_program) break;
  }
  return all;
}

}  // namespace diglim
