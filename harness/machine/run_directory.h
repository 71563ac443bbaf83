// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "os/files.h"

namespace diglab {

/// The private directory of one run, under a parent that all runs of a user share.
///
/// A run holds a lock in its directory for as long as it lives, however it ends. A directory whose lock is free is what a killed
/// run left: open() kills the QEMU and swtpm processes that were working in it and removes it.
class RunDirectory {
 public:
  /// /var/tmp/dl-<uid in hexadecimal>: for all runs of this user, on a disk, with a path so short that sockets can live below it, whatever the uid.
  [[nodiscard]] static std::filesystem::path default_parent();
  [[nodiscard]] static std::filesystem::path default_parent(uid_t user);
  /// In bytes. A UNIX socket's path holds 107; libvirt's longest below the run's directory ("/r-12345678") takes 76.
  static constexpr std::size_t longest_parent = 20;
  /// `name` empty: a new name. ErrorKind::infra for a `parent` that is a link, or that others than this user can change.
  static Result<std::unique_ptr<RunDirectory>> open(const std::filesystem::path& parent, std::string name, const Deadline& deadline);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::vector<std::string>& removed() const { return removed_; }

  /// While what it returns lives, no run begins below `parent`. ErrorKind::infra while one is going on, named.
  static Result<FileLock> hold_off_runs(const std::filesystem::path& parent, const Deadline& deadline);

  /// Whether the run whose directory this was is over: nobody holds its lock.
  [[nodiscard]] static bool is_dead(const std::filesystem::path& path);

 private:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  Result<void> remove_leftovers(const std::filesystem::path& parent);

  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;
  std::vector<std::string> removed_;
};

}  // namespace diglab
