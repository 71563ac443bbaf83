// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

#include "os/files.h"
#include "os/process.h"

namespace diglab {

/// All times inside packages, databases and file systems of a guest: 2024-01-01 00:00:00 UTC.
inline constexpr long long image_epoch = 1704067200;

/// A short-lived copy of a GnuPG home.
///
/// gpg starts an agent in the background that outlives it; here it is told to end, and loses its home, when
/// this object is gone. The copy's short path also keeps the agent's socket below the 107 bytes that a socket's name may have.
class GpgHome {
 public:
  /// Copies the keys in `from`; an empty path begins with no keys.
  static Result<GpgHome> borrow(const std::filesystem::path& from, Processes& processes);
  GpgHome(GpgHome&&) noexcept = default;
  GpgHome& operator=(GpgHome&&) = delete;
  ~GpgHome();

  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
  /// gpg in this home, never asking, with the clock at image_epoch.
  [[nodiscard]] Command gpg() const;
  /// Ends the agent now; the keys on disk are complete afterwards.
  void stop_agent();

 private:
  GpgHome(TempDir directory, Processes& processes) : directory_(std::move(directory)), processes_(&processes) {}
  TempDir directory_;
  Processes* processes_;
};

}  // namespace diglab
