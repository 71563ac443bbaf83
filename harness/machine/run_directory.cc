// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/run_directory.h"

#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <tuple>

#include "machine/owned_processes.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "r-";

fs::path lock_of(const fs::path& run) {
  return run / "lock";
}

/// No link is a run's directory: nobody is led elsewhere.
Result<std::vector<fs::path>> runs_in(const fs::path& parent) {
  std::vector<fs::path> runs;
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with(prefix) && entry->symlink_status(ignored).type() == fs::file_type::directory) runs.push_back(entry->path());
  }
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot list: {}", parent.string(), error.message()));
  return runs;
}

/// Makes the directory of all runs, or sees that nobody else can change what is in it: its name in a place for everybody can be guessed, and
/// whoever made it first could put his own files where libvirt reads ours. Others may pass through, not look around: a libvirt
/// daemon's QEMU opens the disks below as a user of its own.
Result<void> provide_private(const fs::path& directory) {
  TRY_VOID(make_directories(directory.parent_path()));
  if (::mkdir(directory.c_str(), 0711) != 0 && errno != EEXIST)
    return fail(ErrorKind::infra, fmt::format("{}: cannot create directory: {}", directory.string(), ::strerror(errno)));
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0)
    return fail(ErrorKind::infra, fmt::format("{}: cannot examine: {}", directory.string(), ::strerror(errno)));
  if (!S_ISDIR(found.st_mode))
    return fail(ErrorKind::infra, fmt::format("{}: not a directory, where those of runs should be: it belongs to user {}; remove it", directory.string(), found.st_uid));
  if (found.st_uid != ::geteuid())
    return fail(ErrorKind::infra, fmt::format("{}: belongs to user {}, who could change what machines of user {} are made from: have it removed",
                                              directory.string(), found.st_uid, ::geteuid()));
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(ErrorKind::infra, fmt::format("{}: others than its owner can write to it (mode {:o}) and change what machines are made from: chmod go-w",
                                              directory.string(), found.st_mode & 07777));
  return {};
}

}  // namespace

fs::path RunDirectory::default_parent() {
  return default_parent(::geteuid());
}

fs::path RunDirectory::default_parent(uid_t user) {
  return fmt::format("/var/tmp/dl-{:x}", user);
}

bool RunDirectory::is_dead(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return true;
  auto lock = FileLock::try_acquire(lock_of(path));
  return lock && *lock != nullptr;
}

Result<std::unique_ptr<RunDirectory>> RunDirectory::open(const fs::path& parent, std::string name, const Deadline& deadline) {
  TRY_VOID(provide_private(parent));
  if (name.empty()) name = fmt::format("{}{:08x}", prefix, std::random_device()());
  std::unique_ptr<RunDirectory> run(new RunDirectory(parent / name));  // outlives the lock below, which its destructor takes, too
  // Between making a directory and locking it, nobody may look for dead ones.
  auto everybody = TRY(FileLock::acquire(parent / "lock", deadline));
  TRY_VOID(make_directories(run->path_));
  run->lock_ = TRY(FileLock::try_acquire(lock_of(run->path_)));
  if (!run->lock_) return fail(ErrorKind::infra, fmt::format("{}: in use by another process", run->path_.string()));
  TRY_VOID(run->remove_leftovers(parent));
  return run;
}

Result<FileLock> RunDirectory::hold_off_runs(const fs::path& parent, const Deadline& deadline) {
  TRY_VOID(provide_private(parent));
  auto everybody = TRY(FileLock::acquire(parent / "lock", deadline));
  for (const fs::path& run : TRY(runs_in(parent)))
    if (!is_dead(run)) return fail(ErrorKind::infra, fmt::format("{} is of a run that is going on", run.string()));
  return everybody;
}

Result<void> RunDirectory::remove_leftovers(const fs::path& parent) {
  for (const fs::path& run : TRY(runs_in(parent))) {
    if (run == path_) continue;
    // Held while the directory is emptied, so that two cleaners do not meet in it.
    auto lock = TRY(FileLock::try_acquire(lock_of(run)));
    if (!lock) continue;
    for (const std::string& killed : kill_hypervisor_processes(run.string() + "/"))
      removed_.push_back(fmt::format("{} of a dead run in {}", killed, run.string()));
    TRY_VOID(remove_tree(run), "what a dead run left");
    removed_.push_back(fmt::format("directory {} of a dead run", run.string()));
  }
  return {};
}

RunDirectory::~RunDirectory() {
  if (!lock_) return;  // somebody else's
  // Or a run that begins would take what is left of this one for a dead one's. Who holds it for long removes dead ones, and meets none.
  const auto everybody = FileLock::acquire(path_.parent_path() / "lock", Deadline::in(std::chrono::seconds(10)));
  std::ignore = remove_whatever_is_there(path_);
}

}  // namespace diglab
