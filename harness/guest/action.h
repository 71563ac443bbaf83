// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace diglab {

/// A file of the guest: a path, or a descriptor that an earlier Open kept under a name. One of the two is set.
struct GuestFile {
  std::string path = {};
  std::string handle = {};

  static GuestFile at(std::string path) { return {std::move(path), {}}; }
  static GuestFile held(std::string handle) { return {{}, std::move(handle)}; }
};

/// What one process of the guest does, system call by system call. Numbers (flags, modes, protections) are those of the
/// host's headers: harness and guest are Linux on the same architecture.
namespace call {

/// setgroups, setgid, setuid: all ids, real, effective and saved.
struct Become {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};
};
/// unshare(2). With CLONE_NEWNS mounts are made private afterwards, so that nothing leaks out. With CLONE_NEWUSER root is mapped to the caller.
struct Unshare {
  int flags = 0;
};
struct ChangeDirectory {
  std::string path = {};
};
struct ChangeRoot {
  std::string path = {};
};
/// With `keep_as` the descriptor outlives the process and later actions use it as GuestFile::held(name), until
/// AgentClient::release. A name in use is replaced.
struct Open {
  std::string path = {};
  int flags = 0;
  mode_t mode = 0;
  std::string keep_as = {};
};
/// Replaces the process. argv empty: the path alone. The environment is exactly this one.
struct Exec {
  std::string path = {};
  std::vector<std::string> argv = {};
  std::map<std::string, std::string> environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
};
/// fexecve; a path is opened with `open_flags` first (0: O_PATH).
struct ExecDescriptor {
  GuestFile file = {};
  std::vector<std::string> argv = {};
  std::map<std::string, std::string> environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  int open_flags = 0;
};
/// mmap of the whole file. Zeros: PROT_READ|PROT_EXEC, MAP_PRIVATE, O_RDONLY.
struct Map {
  GuestFile file = {};
  int protection = 0;
  int flags = 0;
  int open_flags = 0;
};
/// mmap with `first`, then mprotect to `then`. Zeros: PROT_READ, PROT_READ|PROT_EXEC, MAP_PRIVATE.
struct Protect {
  GuestFile file = {};
  int first = 0;
  int then = 0;
  int flags = 0;
};
/// finit_module.
struct LoadModule {
  GuestFile file = {};
  std::string parameters = {};
  int flags = 0;
};
struct UnloadModule {
  std::string name = {};
  int flags = 0;
};
/// Opens (zeros: O_WRONLY|O_CREAT|O_TRUNC, 0644) and writes everything with one write call.
struct Write {
  GuestFile file = {};
  std::string content = {};
  int open_flags = 0;
  mode_t mode = 0;
};
/// Reads to the end; nothing is kept but the digest, if asked for with Action::want_digest.
struct Read {
  GuestFile file = {};
};
struct Unlink {
  std::string path = {};
};
struct Rename {
  std::string from = {};
  std::string to = {};
  unsigned flags = 0;  ///< renameat2
};
struct Link {
  std::string from = {};
  std::string to = {};
};
struct Symlink {
  std::string target = {};
  std::string path = {};
};
struct MakeDirectory {
  std::string path = {};
  mode_t mode = 0755;
};
struct ChangeMode {
  std::string path = {};
  mode_t mode = 0;
};
struct ChangeOwner {
  std::string path = {};
  uid_t uid = 0;
  gid_t gid = 0;
};
struct Mount {
  std::string source = {};
  std::string target = {};
  std::string type = {};
  unsigned long flags = 0;  ///< MS_BIND for a bind mount
  std::string data = {};
};
struct Unmount {
  std::string target = {};
  int flags = 0;
};
struct SetXattr {
  GuestFile file = {};
  std::string name = {};
  std::string value = {};
};
/// The value comes back in ActionOutcome::values.
struct GetXattr {
  GuestFile file = {};
  std::string name = {};
};
struct RemoveXattr {
  GuestFile file = {};
  std::string name = {};
};
/// add_key(2) into a keyring given by number (negative: special ones) or by its name in /proc/keys (".ima").
struct AddKey {
  std::string type = {};
  std::string description = {};
  std::string payload = {};
  std::int32_t keyring = 0;
  std::string keyring_name = {};
};
/// ptrace(PTRACE_ATTACH), then detach.
struct Trace {
  pid_t pid = 0;
};
struct Kill {
  pid_t pid = 0;
  int signal = 0;
};

}  // namespace call

using Call = std::variant<call::Become, call::Unshare, call::ChangeDirectory, call::ChangeRoot, call::Open, call::Exec,
                          call::ExecDescriptor, call::Map, call::Protect, call::LoadModule, call::UnloadModule, call::Write,
                          call::Read, call::Unlink, call::Rename, call::Link, call::Symlink, call::MakeDirectory,
                          call::ChangeMode, call::ChangeOwner, call::Mount, call::Unmount, call::SetXattr, call::GetXattr,
                          call::RemoveXattr, call::AddKey, call::Trace, call::Kill>;

/// System calls performed in order by one new process of the guest, which nothing else uses. The first that fails ends it; a
/// process that has done them all without Exec exits.
///
///     Action{{call::Become{1000, 1000, {}}, call::Map{GuestFile::at("/usr/lib/libz.so.1")}}}
struct Action {
  std::vector<Call> calls = {};
  /// SHA-256 of the file that each call on a file found. Read after the call, since reading can itself be measured or denied:
  /// from the same descriptor, and for Exec by path as soon as it has happened or failed. Absent where it could not be read.
  bool want_digests = false;
  /// Counted in the guest from when the process is released; then it is killed with its process group. Zero: no limit but the caller's deadline.
  std::chrono::milliseconds timeout{0};
  std::string input = {};                          ///< Standard input, then end of file.
  std::size_t output_limit = std::size_t{64} << 20;  ///< Of each output; the rest is read and dropped.
};

/// A program to run, in the usual case.
struct GuestCommand {
  std::vector<std::string> argv = {};  ///< argv[0] is a path: the agent searches nothing.
  std::map<std::string, std::string> environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  std::string directory = "/";
  uid_t uid = 0;
  gid_t gid = 0;
  std::string input = {};
  std::chrono::milliseconds timeout{0};

  [[nodiscard]] Action to_action() const;
};

}  // namespace diglab
