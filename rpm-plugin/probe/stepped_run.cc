// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/stepped_run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>

namespace diglim {
namespace {

enum class Names { none, descriptor, at, two_at, plain, two_plain };
struct Changing {
  const char* name;
  Names names;
};
const std::map<long, Changing> changing = {
    {SYS_openat, {"open", Names::at}},           {SYS_open, {"open", Names::plain}},
    {SYS_write, {"write", Names::descriptor}},   {SYS_pwrite64, {"write", Names::descriptor}},
    {SYS_rename, {"rename", Names::two_plain}},  {SYS_renameat, {"rename", Names::two_at}},
    {SYS_renameat2, {"rename", Names::two_at}},  {SYS_unlink, {"unlink", Names::plain}},
    {SYS_unlinkat, {"unlink", Names::at}},       {SYS_link, {"link", Names::two_plain}},
    {SYS_linkat, {"link", Names::two_at}},       {SYS_mkdir, {"mkdir", Names::plain}},
    {SYS_mkdirat, {"mkdir", Names::at}},         {SYS_rmdir, {"rmdir", Names::plain}},
    {SYS_symlinkat, {"symlink", Names::none}},   {SYS_fsync, {"sync", Names::descriptor}},
    {SYS_fdatasync, {"sync", Names::descriptor}}, {SYS_syncfs, {"sync", Names::descriptor}},
    {SYS_sync, {"sync", Names::none}},           {SYS_ftruncate, {"truncate", Names::descriptor}},
    {SYS_vfork, {"start", Names::none}},         {SYS_clone3, {"start", Names::none}},
    {SYS_access, {"hook", Names::plain}},
};

std::string text_at(pid_t process, std::uint64_t address) {
  char text[4096];
  std::string all;
  // Up to the end of a page at a time, behind which there may be nothing.
  while (all.size() < 4096) {
    const std::size_t size = 4096 - address % 4096;
    iovec to{text, size}, from{reinterpret_cast<void*>(address), size};
    const auto count = ::process_vm_readv(process, &to, 1, &from, 1, 0);
    if (count <= 0) return all;
    const auto end = strnlen(text, static_cast<std::size_t>(count));
    all.append(text, end);
    if (end < static_cast<std::size_t>(count)) return all;
    address += size;
  }
  return all;
}

std::string link_text(const std::string& path) {
  char text[4096];
  const auto size = ::readlink(path.c_str(), text, sizeof text);
  return size < 0 ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

std::string proc(pid_t process, const std::string& what) { return link_text("/proc/" + std::to_string(process) + "/" + what); }

/// As seen from outside of a changed root.
std::string absolute(pid_t process, int directory, const std::string& path) {
  const std::string root = proc(process, "root");
  if (path.starts_with('/')) return (root == "/" ? "" : root) + path;
  return (directory == AT_FDCWD ? proc(process, "cwd") : proc(process, "fd/" + std::to_string(directory))) + "/" + path;
}

std::string path_of(const Call& call, Names names) {
  const auto& a = call.arguments;
  const auto at = [&](std::size_t directory, std::size_t path) {
    return absolute(call.process, static_cast<int>(a[directory]), text_at(call.process, a[path]));
  };
  switch (names) {
    case Names::none: return {};
    case Names::descriptor: return proc(call.process, "fd/" + std::to_string(static_cast<int>(a[0])));
    case Names::at: return at(0, 1);
    case Names::two_at: return at(2, 3);
    case Names::plain: return absolute(call.process, AT_FDCWD, text_at(call.process, a[0]));
    case Names::two_plain: return absolute(call.process, AT_FDCWD, text_at(call.process, a[1]));
  }
  return {};
}

bool only_reads(long number, const std::array<std::uint64_t, 6>& arguments) {
  constexpr std::uint64_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  return (number == SYS_openat && (arguments[2] & writing) == 0) || (number == SYS_open && (arguments[1] & writing) == 0);
}

class Run {
 public:
  explicit Run(const Visitors& visitors) : visitors_(visitors) {}

  int follow(pid_t first) {
    processes_.insert(first);
    int status = 0, result = -1;
    while (!processes_.empty()) {
      // Others that the caller started are not ours to wait for.
      const pid_t process = ::waitpid(visitors_.follow ? -1 : first, &status, __WALL);
      if (process < 0) break;
      if (WIFEXITED(status) || WIFSIGNALED(status)) {
        if (process == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        processes_.erase(process);
        pending_.erase(process);
        continue;
      }
      processes_.insert(process);
      int signal = WSTOPSIG(status);
      const int event = status >> 16;
      if (signal == (SIGTRAP | 0x80)) {
        stop(process);
        signal = 0;
      } else if (event != 0 || signal == SIGTRAP || (signal == SIGSTOP && seen_.insert(process).second)) {
        signal = 0;
      }
      ::ptrace(PTRACE_SYSCALL, process, nullptr, signal);
    }
    return result;
  }

  [[nodiscard]] unsigned points() const { return points_; }

 private:
  void stop(pid_t process) {
    if (auto pending = pending_.find(process); pending != pending_.end()) {
      if (pending->second.fails) {
        user_regs_struct registers;
        ::ptrace(PTRACE_GETREGS, process, nullptr, &registers);
        registers.rax = static_cast<unsigned long long>(-ENOSPC);
        ::ptrace(PTRACE_SETREGS, process, nullptr, &registers);
      }
      if (pending->second.call && visitors_.after) visitors_.after(*pending->second.call);
      pending_.erase(pending);
      return;
    }
    __ptrace_syscall_info info{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof info, &info);
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    Pending& pending = pending_[process];
    const auto found = changing.find(static_cast<long>(info.entry.nr));
    Call call{.process = process, .number = static_cast<long>(info.entry.nr)};
    std::copy_n(info.entry.args, 6, call.arguments.begin());
    if (found == changing.end() || only_reads(call.number, call.arguments)) return;
    call.name = found->second.name;
    call.path = call.number == SYS_access ? text_at(process, call.arguments[0]) : path_of(call, found->second.names);
    if (call.number == SYS_access) {
      if (!call.path.starts_with(hook_prefix)) return;
      call.path.erase(0, hook_prefix.size());
    }
    call.point = points_++;
    const Then then = visitors_.before ? visitors_.before(call) : Then::go_on;
    pending.call = std::move(call);
    if (then == Then::kill_all || then == Then::interrupt_all)
      for (const pid_t one : processes_) ::kill(one, then == Then::kill_all ? SIGKILL : SIGINT);
    if (then == Then::fail_with_enospc) {
      user_regs_struct registers;
      ::ptrace(PTRACE_GETREGS, process, nullptr, &registers);
      registers.orig_rax = static_cast<unsigned long long>(-1);
      ::ptrace(PTRACE_SETREGS, process, nullptr, &registers);
      pending.fails = true;
    }
  }

  struct Pending {
    std::optional<Call> call;
    bool fails = false;
  };

  const Visitors& visitors_;
  std::set<pid_t> processes_, seen_;
  std::map<pid_t, Pending> pending_;  ///< Between the two stops of a call.
  unsigned points_ = 0;
};

RunResult start(const std::vector<std::string>& arguments, const Visitors* visitors) {
  RunResult result;
  const int output = ::memfd_create("output", MFD_CLOEXEC);
  const pid_t child = output < 0 ? -1 : ::fork();
  if (child < 0) {
    result.status = 127;
    return result;
  }
  if (child == 0) {
    ::dup2(output, 1);
    ::dup2(output, 2);
    std::vector<char*> words;
    for (const auto& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    if (visitors != nullptr) ::raise(SIGSTOP);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  int status = 0;
  if (visitors == nullptr) {
    ::waitpid(child, &status, 0);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  } else {
    ::waitpid(child, &status, WUNTRACED);
    constexpr long children = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    ::ptrace(PTRACE_SEIZE, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | (visitors->follow ? children : 0));
    ::kill(child, SIGCONT);
    Run run(*visitors);
    result.status = run.follow(child);
    result.points = run.points();
  }
  char text[4096];
  for (ssize_t count = 0; (count = ::pread(output, text, sizeof text, static_cast<off_t>(result.output.size()))) > 0;)
    result.output.append(text, static_cast<std::size_t>(count));
  ::close(output);
  return result;
}

}  // namespace

RunResult run_stepped(const std::vector<std::string>& arguments, const Visitors& visitors) { return start(arguments, &visitors); }
RunResult run(const std::vector<std::string>& arguments) { return start(arguments, nullptr); }

}  // namespace diglim
