// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "image/debian_control.h"

namespace diglab {

enum class PathKind { directory, file, symlink, ghost };

/// One path that a package owns.
struct OwnedPath {
  PathKind kind = PathKind::file;
  std::string path;          ///< Absolute, as in the guest.
  std::uint32_t mode = 0;    ///< Permissions; of no meaning for a symbolic link.
  std::string user = "root";
  std::string group = "root";
  bool config = false;
};

/// Everything that goes into one binary RPM besides the content of its files.
struct PackageDescription {
  std::string name;
  RpmVersion version;
  std::string architecture = "x86_64";  ///< or "noarch"
  std::string summary;
  std::vector<std::string> requires_list;
  std::vector<std::string> provides;
  std::vector<std::string> obsoletes = {};
  std::vector<OwnedPath> paths;
  std::string scriptlets = {};          ///< As at the end of a spec file.

  /// The file name rpmbuild gives it, epoch left out as RPM does.
  [[nodiscard]] std::string file_name() const;
};

/// The spec file that packs an already laid out build root. Runs nothing, scans nothing, has no scriptlets but the package's own.
[[nodiscard]] std::string spec_of(const PackageDescription& package);

/// `path` such that rpmbuild's %files takes it literally: neither glob nor macro.
[[nodiscard]] std::string spec_path(std::string_view path);

/// Where `path` of a Debian package lives when /bin, /sbin, /lib and /lib64 are links into /usr.
[[nodiscard]] std::string usr_merged(std::string_view path);

/// Whether a path is documentation or translation, which a guest for experiments does without.
[[nodiscard]] bool is_left_out(std::string_view path);

}  // namespace diglab
