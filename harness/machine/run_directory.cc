// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/run_directory.h"

#include <fmt/format.h>

#include <random>

#include "machine/owned_processes.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "r-";

fs::path lock_of(const fs::path& run) {
  return run / "lock";
}

}  // namespace

bool RunDirectory::is_dead(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return true;
  auto lock = FileLock::try_acquire(lock_of(path));
  return lock && *lock != nullptr;
}

Result<std::unique_ptr<RunDirectory>> RunDirectory::open(const fs::path& parent, std::string name, const Deadline& deadline) {
  TRY_VOID(make_directories(parent));
  // Between making a directory and locking it, nobody may look for dead ones.
  auto everybody = TRY(FileLock::acquire(parent / "lock", deadline));
  if (name.empty()) name = fmt::format("{}{:08x}", prefix, std::random_device()());
  std::unique_ptr<RunDirectory> run(new RunDirectory(parent / name));
  TRY_VOID(make_directories(run->path_));
  run->lock_ = TRY(FileLock::try_acquire(lock_of(run->path_)));
  if (!run->lock_) return fail(ErrorKind::infra, fmt::format("{}: in use by another process", run->path_.string()));
  TRY_VOID(run->remove_leftovers(parent));
  return run;
}

Result<void> RunDirectory::remove_leftovers(const fs::path& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    if (!entry.is_directory() || !entry.path().filename().string().starts_with(prefix) || entry.path() == path_) continue;
    // Held while the directory is emptied, so that two cleaners do not meet in it.
    auto lock = TRY(FileLock::try_acquire(lock_of(entry.path())));
    if (!lock) continue;
    for (const std::string& killed : kill_hypervisor_processes(entry.path().string() + "/"))
      removed_.push_back(fmt::format("{} of a dead run in {}", killed, entry.path().string()));
    TRY_VOID(remove_tree(entry.path()), "what a dead run left");
    removed_.push_back(fmt::format("directory {} of a dead run", entry.path().string()));
  }
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot list: {}", parent.string(), error.message()));
  return {};
}

RunDirectory::~RunDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace diglab
