// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "os/files.h"
#include "os/process.h"

namespace diglab {

/// A laboratory of a few small files for the tests: a source tree whose Makefile "builds" a bzImage at once, patches
/// and flavours for it, a tarball of it, a key, an empty cache.
class TinyKernelLab {
 public:
  TinyKernelLab();

  [[nodiscard]] std::filesystem::path root() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path cache() const { return root() / "cache"; }
  [[nodiscard]] std::filesystem::path patches() const { return root() / "kernel-patches"; }
  [[nodiscard]] std::filesystem::path tree() const { return root() / "linux"; }
  [[nodiscard]] std::filesystem::path tarball() const { return root() / "linux-source-6.12.tar.xz"; }
  [[nodiscard]] std::filesystem::path key() const { return root() / "key.pem"; }
  /// The builds that were begun, by any process: each leaves a line.
  [[nodiscard]] std::size_t builds() const;

  void put(const std::filesystem::path& relative, std::string_view content) const;
  /// Runs a shell line in root() and expects it to succeed.
  std::string shell(const std::string& line);

 private:
  TempDir directory_;
};

}  // namespace diglab
