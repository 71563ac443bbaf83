// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace diglab {

/// An errno of the guest with the name it has there: 13, "EACCES". Zero: none.
struct GuestErrno {
  int number = 0;
  std::string name;

  [[nodiscard]] bool ok() const { return number == 0; }
  [[nodiscard]] std::string to_string() const { return ok() ? "success" : name; }
  bool operator==(const GuestErrno&) const = default;
};

/// All calls were performed and none was an exec.
struct Done {
  bool operator==(const Done&) const = default;
};
/// A system call refused. For a program this means: it did not start.
struct Failed {
  std::size_t call = 0;  ///< Index into Action::calls.
  std::string stage;     ///< The system call: "open", "execve", "mmap", "mprotect", …
  GuestErrno error;
  bool operator==(const Failed&) const = default;
};
struct Exited {
  int status = 0;
  bool operator==(const Exited&) const = default;
};
struct Killed {
  int signal = 0;
  std::string name;  ///< "SIGKILL"
  bool operator==(const Killed&) const = default;
};
/// The agent killed it, because Action::timeout had passed.
struct DeadlinePassed {
  bool operator==(const DeadlinePassed&) const = default;
};

/// How an action ended. "No answer" and "machine lost" are not here: they are Errors (timeout, guest_lost), so that nothing
/// takes them for an outcome.
using Ending = std::variant<Done, Failed, Exited, Killed, DeadlinePassed>;

/// Done, or an exit status of zero.
[[nodiscard]] bool succeeded(const Ending& ending);
/// "done", "execve: EACCES", "exit status 2", "killed by signal 9 (SIGKILL)", "killed by its deadline".
[[nodiscard]] std::string to_string(const Ending& ending);

struct ActionOutcome {
  Ending ending;
  std::string out;
  std::string err;
  bool truncated = false;                      ///< One of the outputs passed Action::output_limit.
  std::map<std::size_t, std::string> digests;  ///< By call: SHA-256 in hexadecimal.
  std::map<std::size_t, std::string> values;   ///< By call: what GetXattr or AddKey (the serial) returned.

  [[nodiscard]] bool ok() const { return succeeded(ending); }
};
using CommandOutcome = ActionOutcome;

struct FileContent {
  GuestErrno error;  ///< Of open or read; `content` is what was read before.
  std::string stage;
  std::string content;
};

struct WriteOutcome {
  GuestErrno error;
  std::string stage;
  std::uint64_t written = 0;
};

struct PolicyOutcome {
  GuestErrno open_error;             ///< The policy could not be opened at all; `rules` is empty then.
  std::vector<GuestErrno> rules;     ///< One per rule, in order; loading stops after the first that fails.
  bool accepted = false;             ///< Every rule was written without an error.
};

struct GuestPcrs {
  std::map<std::string, std::vector<std::string>> banks;  ///< "sha256" -> 24 values in lower-case hexadecimal.
};

struct KernelLogRecord {
  std::uint64_t sequence = 0;
  int level = 0;
  std::uint64_t microseconds = 0;  ///< Since boot.
  std::string text;
};
struct KernelLog {
  std::vector<KernelLogRecord> records;
  std::uint64_t next = 0;  ///< Give this as `since` to get what comes after.
  bool lost = false;       ///< Records since then had been overwritten.
};

struct AuditLog {
  std::vector<std::string> records;  ///< type=1800 audit(1700000000.123:45): …
  std::uint64_t next = 0;
  bool lost = false;
  GuestErrno error;  ///< Why the agent receives no audit records, if it does not.
};

/// One line of a canonical listing.
struct TreeEntry {
  std::string path;
  char type = 'f';  ///< f, d, l, c, b, p, s
  unsigned mode = 0;
  unsigned uid = 0;
  unsigned gid = 0;
  std::uint64_t size = 0;  ///< Regular files only.
  std::string target;      ///< Symbolic links only.
  std::string sha256;      ///< Regular files, when asked for.
  std::map<std::string, std::string> xattrs;

  bool operator==(const TreeEntry&) const = default;
};

struct AgentInfo {
  int pid = 0;
  std::string instance;  ///< Drawn at random by each start of the agent.
  std::string release;
  std::string machine;
  int cpus = 0;
};

}  // namespace diglab
