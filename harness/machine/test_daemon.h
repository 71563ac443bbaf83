// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "os/files.h"

namespace diglab {

/// A libvirt daemon of our own, with all its state in a directory of its own: stands for a distant host in tests.
///
/// It is libvirt's per-user daemon. As root it runs in a user namespace in which it is not root, since libvirt's
/// choice between per-user and system directories hangs on that alone.
class TestDaemon {
 public:
  /// `cache_dir` as for Host: the daemon's TPMs get certificates from the same authority.
  static Result<std::unique_ptr<TestDaemon>> start(const std::filesystem::path& cache_dir, const Deadline& deadline);
  /// Ends the daemon and the processes that it started.
  ~TestDaemon();
  TestDaemon(const TestDaemon&) = delete;
  TestDaemon& operator=(const TestDaemon&) = delete;

  [[nodiscard]] std::string uri() const;
  [[nodiscard]] std::filesystem::path pool_path() const { return directory_.path() / "pool"; }
  [[nodiscard]] std::filesystem::path log_dir() const { return directory_.path() / "cache/libvirt/qemu/log"; }
  [[nodiscard]] std::filesystem::path log() const { return directory_.path() / "libvirtd.log"; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Kills the daemon alone, as a crash would.
  void kill();

 private:
  explicit TestDaemon(TempDir directory) : directory_(std::move(directory)) {}
  TempDir directory_;
  pid_t pid_ = -1;
};

}  // namespace diglab
