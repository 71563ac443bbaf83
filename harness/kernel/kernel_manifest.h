// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "kernel/kernel_request.h"

namespace diglab {

/// What lies in one directory of the cache: manifest.json, written last, with the digest of every other file.
struct KernelManifest {
  std::string id;
  std::string flavour;
  std::string source;
  std::string release;
  int options = 0;
  double build_seconds = 0;
  std::map<std::string, std::string> files;  ///< Path in the directory to SHA-256.

  /// Digests every file of `directory` and writes the manifest into it.
  Result<void> write(const std::filesystem::path& directory) const;
  /// ErrorKind::infra for one that cannot be read or understood.
  static Result<KernelManifest> read(const std::filesystem::path& directory);

  /// Empty if every file is what it was when the manifest was written; otherwise which is not.
  [[nodiscard]] std::string damage(const std::filesystem::path& directory) const;

  [[nodiscard]] BuiltKernel kernel_in(const std::filesystem::path& directory) const;
};

}  // namespace diglab
