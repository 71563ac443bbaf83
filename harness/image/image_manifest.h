// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace diglab {

/// manifest.json beside a disk: what it was made of.
struct ImageManifest {
  struct Entry {
    std::string nevra;
    std::string rpm_sha256;  ///< Empty for packages of a foreign repository.
  };
  std::string id;
  std::string set;
  std::string suite;
  bool ima_signatures = false;
  std::string keys;             ///< LabKeys::id
  std::string rpm_fingerprint;
  std::map<std::string, std::string> files;  ///< The disk and the initramfs images beside it: SHA-256 by name.
  std::uint64_t disk_bytes = 0;
  std::vector<Entry> packages;
};

[[nodiscard]] std::string to_json(const ImageManifest& manifest);
/// ErrorKind::bad_input with what is wrong.
Result<ImageManifest> parse_image_manifest(std::string_view text);

/// Whether the files in `directory` still have the digests (SHA-256, by name) they were built with. A whole file is read the first time, and
/// whenever its size, inode, modification or change time differ from those of the last time it was read: a write through the file
/// system cannot leave all of these as they were. `memory` is where that is remembered.
Result<bool> are_intact(const std::filesystem::path& directory, const std::map<std::string, std::string>& files, const std::filesystem::path& memory);

}  // namespace diglab
