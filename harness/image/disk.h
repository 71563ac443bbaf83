// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "os/process.h"

namespace diglab {

struct DiskRequest {
  std::filesystem::path root;     ///< The tree to put in.
  std::filesystem::path work;     ///< For intermediate files; on the disk's file system.
  std::filesystem::path disk;     ///< To be made.
  std::uint64_t mib = 512;        ///< Sparse: free space costs nothing on the host.
  std::optional<std::filesystem::path> ima_key;  ///< Sign every regular file into security.ima with this private key.
};

/// Makes an ext4 file system of `root`: fixed UUID, hash seed and times, so that the same tree gives the same bytes.
/// ErrorKind::infra when the tree does not fit, naming how much was there.
Result<void> make_disk(const DiskRequest& request, Processes& processes, const Deadline& deadline);

/// An extended attribute of a file on a disk, by its path there; empty if it has none of that name.
Result<Bytes> attribute_on_disk(const std::filesystem::path& disk, const std::string& file, const std::string& name, Processes& processes);

}  // namespace diglab
