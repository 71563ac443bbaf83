// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/calls.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string_view>
#include <vector>

#include "agent/digest.h"

namespace diglab::agent {
namespace {

using wire::flag_at;
using wire::Json;
using wire::number_at;
using wire::text_at;

/// Where and why a call ended; no stage: it was performed.
struct Verdict {
  const char* stage = nullptr;
  int error = 0;
};
constexpr Verdict performed{};

Verdict check(long result, const char* stage) { return result < 0 ? Verdict{stage, errno} : performed; }

int int_at(const Json& call, const char* name, int otherwise = 0) {
  auto value = static_cast<int>(number_at(call, name, otherwise));
  return value != 0 ? value : otherwise;
}

/// One call: its JSON, and the file it works on.
class Performer {
 public:
  Performer(const Json& call, std::size_t index, const Handles& handles, const Channel& channel, bool want_digests)
      : call_(call), index_(index), handles_(handles), channel_(channel), want_digests_(want_digests), path_(text_at(call, "path")) {}
  ~Performer() {
    if (owned_ && fd_ >= 0) ::close(fd_);
  }

  Verdict perform();
  void report_digest() const;

 private:
  using Method = Verdict (Performer::*)();
  struct Entry {
    std::string_view name;
    Method method;
  };
  static const Entry table[];

  /// fd_ becomes the call's file: kept under the handle, or opened.
  Verdict open_file(int flags, mode_t mode = 0);
  Verdict execute(bool by_descriptor);
  void leave_digest_to_another_process();
  Verdict report_value(std::string_view value) const;

  Verdict become();
  Verdict unshare();
  Verdict open();
  Verdict exec() { return execute(false); }
  Verdict exec_descriptor();
  Verdict map();
  Verdict protect();
  Verdict load_module();
  Verdict write();
  Verdict read();
  Verdict set_xattr();
  Verdict get_xattr();
  Verdict remove_xattr();
  Verdict add_key();
  Verdict trace();
  Verdict mount();

  Verdict change_directory() { return check(::chdir(path_.c_str()), "chdir"); }
  Verdict change_root() { return check(::chroot(path_.c_str()), "chroot"); }
  Verdict unload_module() {
    return check(::syscall(SYS_delete_module, text_at(call_, "name").c_str(), int_at(call_, "flags")), "delete_module");
  }
  Verdict unlink() { return check(::unlink(path_.c_str()), "unlink"); }
  Verdict rename() {
    return check(::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, text_at(call_, "to").c_str(),
                             static_cast<unsigned>(number_at(call_, "flags"))), "renameat2");
  }
  Verdict link() { return check(::link(path_.c_str(), text_at(call_, "to").c_str()), "link"); }
  Verdict symlink() { return check(::symlink(text_at(call_, "target").c_str(), path_.c_str()), "symlink"); }
  Verdict make_directory() { return check(::mkdir(path_.c_str(), mode()), "mkdir"); }
  Verdict change_mode() { return check(::chmod(path_.c_str(), mode()), "chmod"); }
  Verdict change_owner() {
    return check(::lchown(path_.c_str(), static_cast<uid_t>(number_at(call_, "uid")), static_cast<gid_t>(number_at(call_, "gid"))), "lchown");
  }
  Verdict unmount() { return check(::umount2(text_at(call_, "target").c_str(), int_at(call_, "flags")), "umount2"); }
  Verdict kill() { return check(::kill(int_at(call_, "pid"), int_at(call_, "signal")), "kill"); }

  [[nodiscard]] mode_t mode(mode_t otherwise = 0) const { return static_cast<mode_t>(number_at(call_, "mode", otherwise)); }

  const Json& call_;
  std::size_t index_;
  const Handles& handles_;
  const Channel& channel_;
  bool want_digests_;
  std::string path_;
  int fd_ = -1;
  bool owned_ = false;
  bool touches_file_ = false;
};

const Performer::Entry Performer::table[] = {
    {"become", &Performer::become},
    {"unshare", &Performer::unshare},
    {"chdir", &Performer::change_directory},
    {"chroot", &Performer::change_root},
    {"open", &Performer::open},
    {"exec", &Performer::exec},
    {"fexec", &Performer::exec_descriptor},
    {"mmap", &Performer::map},
    {"mprotect", &Performer::protect},
    {"finit_module", &Performer::load_module},
    {"delete_module", &Performer::unload_module},
    {"write", &Performer::write},
    {"read", &Performer::read},
    {"unlink", &Performer::unlink},
    {"rename", &Performer::rename},
    {"link", &Performer::link},
    {"symlink", &Performer::symlink},
    {"mkdir", &Performer::make_directory},
    {"chmod", &Performer::change_mode},
    {"chown", &Performer::change_owner},
    {"mount", &Performer::mount},
    {"umount", &Performer::unmount},
    {"setxattr", &Performer::set_xattr},
    {"getxattr", &Performer::get_xattr},
    {"removexattr", &Performer::remove_xattr},
    {"add_key", &Performer::add_key},
    {"ptrace", &Performer::trace},
    {"kill", &Performer::kill},
};

Verdict Performer::perform() {
  auto name = text_at(call_, "call");
  for (const auto& entry : table)
    if (entry.name == name) return (this->*entry.method)();
  return {"unknown call", ENOSYS};
}

Verdict Performer::open_file(int flags, mode_t mode) {
  touches_file_ = true;
  if (auto handle = text_at(call_, "handle"); !handle.empty()) {
    auto found = handles_.find(handle);
    if (found == handles_.end()) return {"handle", EBADF};
    fd_ = found->second;
    return performed;
  }
  owned_ = true;
  fd_ = ::open(path_.c_str(), flags | O_CLOEXEC, mode);
  return check(fd_, "open");
}

void Performer::report_digest() const {
  if (!touches_file_) return;
  std::optional<std::string> digest;
  if (fd_ >= 0) digest = sha256_of_descriptor(fd_);
  if (!digest && !path_.empty()) digest = sha256_of_path(path_);
  if (digest) channel_.send_json(Message::digest, Json{{"call", index_}, {"text", *digest}});
}

Verdict Performer::report_value(std::string_view value) const {
  channel_.send_json(Message::value, Json{{"call", index_}, {"text", wire::to_json_text(value)}});
  return performed;
}

Verdict Performer::become() {
  std::vector<gid_t> groups;
  for (const auto& group : wire::array_at(call_, "groups"))
    if (group.is_number_integer()) groups.push_back(group.get<gid_t>());
  auto uid = static_cast<uid_t>(number_at(call_, "uid"));
  auto gid = static_cast<gid_t>(number_at(call_, "gid"));
  if (auto v = check(::setgroups(groups.size(), groups.data()), "setgroups"); v.stage != nullptr) return v;
  if (auto v = check(::setresgid(gid, gid, gid), "setresgid"); v.stage != nullptr) return v;
  return check(::setresuid(uid, uid, uid), "setresuid");
}

int write_line(const char* path, const std::string& line) {
  int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  auto count = ::write(fd, line.data(), line.size());
  const int failure = errno;
  ::close(fd);
  errno = failure;
  return count < 0 ? -1 : 0;
}

Verdict Performer::unshare() {
  auto flags = int_at(call_, "flags");
  auto uid = std::to_string(::geteuid());
  auto gid = std::to_string(::getegid());
  if (auto v = check(::unshare(flags), "unshare"); v.stage != nullptr) return v;
  if ((flags & CLONE_NEWUSER) != 0) {
    if (write_line("/proc/self/setgroups", "deny") < 0 && errno != ENOENT) return {"setgroups", errno};
    if (auto v = check(write_line("/proc/self/uid_map", "0 " + uid + " 1"), "uid_map"); v.stage != nullptr) return v;
    if (auto v = check(write_line("/proc/self/gid_map", "0 " + gid + " 1"), "gid_map"); v.stage != nullptr) return v;
  }
  if ((flags & CLONE_NEWNS) != 0) return check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount");
  return performed;
}

Verdict Performer::open() {
  if (auto v = open_file(int_at(call_, "flags"), mode()); v.stage != nullptr) return v;
  if (auto name = text_at(call_, "keep_as"); !name.empty()) channel_.send(Message::handle, name, fd_);
  owned_ = false;  // stays open for the rest of this process, as it would in any program
  return performed;
}

/// A process of the agent's, not of the program's: it shares the root, directory and identity of this one, waits until the exec has
/// happened or failed, which closes the pipe, and reads the file then.
void Performer::leave_digest_to_another_process() {
  int ended[2];
  if (::pipe2(ended, O_CLOEXEC) < 0) return;
  auto pid = ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (pid != 0) {
    ::close(ended[0]);
    return;  // ended[1] stays open until the exec
  }
  ::close(ended[1]);
  for (int fd : {0, 1, 2}) ::close(fd);
  char byte;
  while (::read(ended[0], &byte, 1) < 0 && errno == EINTR) {}
  report_digest();
  ::_exit(0);
}

Verdict Performer::execute(bool by_descriptor) {
  touches_file_ = true;
  auto argv = wire::texts_at(call_, "argv");
  auto environment = wire::texts_at(call_, "env");
  if (argv.empty()) argv.push_back(path_);
  std::vector<char*> arguments;
  std::vector<char*> variables;
  for (auto& word : argv) arguments.push_back(word.data());
  for (auto& word : environment) variables.push_back(word.data());
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  if (want_digests_) leave_digest_to_another_process();
  if (by_descriptor) {
    ::fexecve(fd_, arguments.data(), variables.data());
    return {"execveat", errno};
  }
  ::execve(path_.c_str(), arguments.data(), variables.data());
  return {"execve", errno};
}

Verdict Performer::exec_descriptor() {
  if (auto v = open_file(int_at(call_, "open_flags", O_PATH)); v.stage != nullptr) return v;
  return execute(true);
}

/// The file's size, and one page for an empty one: mmap would refuse a length of zero before it looks at the file.
std::size_t length_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return status.st_size > 0 ? static_cast<std::size_t>(status.st_size) : 4096;
}

Verdict Performer::map() {
  if (auto v = open_file(int_at(call_, "open_flags", O_RDONLY)); v.stage != nullptr) return v;
  auto* address = ::mmap(nullptr, length_of(fd_), int_at(call_, "prot", PROT_READ | PROT_EXEC), int_at(call_, "flags", MAP_PRIVATE), fd_, 0);
  return address == MAP_FAILED ? Verdict{"mmap", errno} : performed;
}

Verdict Performer::protect() {
  if (auto v = open_file(int_at(call_, "open_flags", O_RDONLY)); v.stage != nullptr) return v;
  auto length = length_of(fd_);
  auto* address = ::mmap(nullptr, length, int_at(call_, "first", PROT_READ), int_at(call_, "flags", MAP_PRIVATE), fd_, 0);
  if (address == MAP_FAILED) return {"mmap", errno};
  return check(::mprotect(address, length, int_at(call_, "then", PROT_READ | PROT_EXEC)), "mprotect");
}

Verdict Performer::load_module() {
  if (auto v = open_file(O_RDONLY); v.stage != nullptr) return v;
  return check(::syscall(SYS_finit_module, fd_, text_at(call_, "parameters").c_str(), int_at(call_, "flags")), "finit_module");
}

Verdict Performer::write() {
  if (auto v = open_file(int_at(call_, "open_flags", O_WRONLY | O_CREAT | O_TRUNC), mode() != 0 ? mode() : 0644); v.stage != nullptr) return v;
  auto content = text_at(call_, "content");
  auto count = ::write(fd_, content.data(), content.size());
  if (count >= 0 && static_cast<std::size_t>(count) != content.size()) return {"write", ENOSPC};
  return check(count, "write");
}

Verdict Performer::read() {
  if (auto v = open_file(O_RDONLY); v.stage != nullptr) return v;
  static char buffer[65536];
  ssize_t count = 0;
  while ((count = ::read(fd_, buffer, sizeof buffer)) > 0) {}
  return check(count, "read");
}

Verdict Performer::set_xattr() {
  auto name = text_at(call_, "name");
  auto value = text_at(call_, "value");
  if (path_.empty()) {
    if (auto v = open_file(0); v.stage != nullptr) return v;
    return check(::fsetxattr(fd_, name.c_str(), value.data(), value.size(), 0), "fsetxattr");
  }
  return check(::lsetxattr(path_.c_str(), name.c_str(), value.data(), value.size(), 0), "lsetxattr");
}

Verdict Performer::get_xattr() {
  auto name = text_at(call_, "name");
  std::string value(65536, '\0');
  ssize_t count = 0;
  if (path_.empty()) {
    if (auto v = open_file(0); v.stage != nullptr) return v;
    count = ::fgetxattr(fd_, name.c_str(), value.data(), value.size());
  } else {
    count = ::lgetxattr(path_.c_str(), name.c_str(), value.data(), value.size());
  }
  if (count < 0) return {path_.empty() ? "fgetxattr" : "lgetxattr", errno};
  return report_value(std::string_view(value).substr(0, static_cast<std::size_t>(count)));
}

Verdict Performer::remove_xattr() {
  auto name = text_at(call_, "name");
  if (path_.empty()) {
    if (auto v = open_file(0); v.stage != nullptr) return v;
    return check(::fremovexattr(fd_, name.c_str()), "fremovexattr");
  }
  return check(::lremovexattr(path_.c_str(), name.c_str()), "lremovexattr");
}

/// The serial number of a keyring in /proc/keys: "0a1b2c3d I------ 1 perm 1f0f0000 0 0 keyring   .ima: 2".
long keyring_named(const std::string& name) {
  auto* keys = std::fopen("/proc/keys", "re");
  if (keys == nullptr) return -1;
  char line[1024];
  long serial = 0;
  while (serial == 0 && std::fgets(line, sizeof line, keys) != nullptr) {
    std::string_view text(line);
    auto type = text.find(" keyring ");
    if (type == std::string_view::npos) continue;
    auto description = text.substr(type + 9);
    description.remove_prefix(std::min(description.find_first_not_of(' '), description.size()));
    if (description.starts_with(name) && description.substr(name.size()).starts_with(":")) serial = std::strtol(line, nullptr, 16);
  }
  std::fclose(keys);
  if (serial == 0) errno = ENOKEY;
  return serial == 0 ? -1 : serial;
}

Verdict Performer::add_key() {
  long keyring = number_at(call_, "keyring");
  if (auto name = text_at(call_, "keyring_name"); !name.empty()) {
    keyring = keyring_named(name);
    if (keyring < 0) return {"keyring", errno};
  }
  auto payload = text_at(call_, "payload");
  auto description = text_at(call_, "description");
  auto serial = ::syscall(SYS_add_key, text_at(call_, "type").c_str(), description.empty() ? nullptr : description.c_str(),
                          payload.data(), payload.size(), keyring);
  if (serial < 0) return {"add_key", errno};
  return report_value(std::to_string(serial));
}

Verdict Performer::trace() {
  auto pid = int_at(call_, "pid");
  if (::ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) < 0) return {"ptrace", errno};
  ::waitpid(pid, nullptr, __WALL);
  return check(::ptrace(PTRACE_DETACH, pid, nullptr, nullptr), "ptrace");
}

Verdict Performer::mount() {
  auto type = text_at(call_, "type");
  auto data = text_at(call_, "data");
  return check(::mount(text_at(call_, "source").c_str(), text_at(call_, "target").c_str(), type.empty() ? nullptr : type.c_str(),
                       static_cast<unsigned long>(number_at(call_, "flags")), data.empty() ? nullptr : data.c_str()), "mount");
}

}  // namespace

void perform_calls(const Json& command, const Handles& handles, const Channel& channel) {
  bool want_digests = flag_at(command, "digests");
  std::size_t index = 0;
  for (const auto& call : wire::array_at(command, "calls")) {
    Performer performer(call, index, handles, channel, want_digests);
    auto verdict = performer.perform();
    bool was_exec = text_at(call, "call").ends_with("exec");  // its digest is another process's
    if (want_digests && !was_exec) performer.report_digest();
    if (verdict.stage != nullptr) {
      auto failed = error_json(verdict.error, verdict.stage);
      failed["call"] = index;
      channel.send_json(Message::failed, failed);
      ::_exit(0);
    }
    ++index;
  }
  channel.send(Message::done);
  ::_exit(0);
}

}  // namespace diglab::agent
