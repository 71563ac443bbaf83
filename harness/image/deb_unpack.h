// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <vector>

#include "image/debian_control.h"
#include "image/rpm_spec.h"

namespace diglab {

/// A Debian package taken apart: what its control file says, and what it owns.
struct UnpackedDeb {
  DebianControl control;
  std::vector<OwnedPath> paths;            ///< After the merge of /usr, documentation left out.
  std::vector<std::string> former_names;   ///< "/bin/ls" for what is /usr/bin/ls now.
};

/// Reads the .deb through libarchive and lays its files out below `root` (which must exist).
/// ErrorKind::infra for a damaged archive: it came through apt, which checked it.
Result<UnpackedDeb> unpack_deb(const std::filesystem::path& deb, const std::filesystem::path& root);

}  // namespace diglab
