// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "packages/package_set.h"

namespace diglab {

/// The files of .rpm packages as the one tree that they become when installed. `packages` must have been read from such files, and
/// outlive this.
class PackageTree {
 public:
  explicit PackageTree(const PackageSet& packages) : packages_(packages) {}

  using Place = PackageSet::Owner;
  /// What a walk to `path` comes by: the directories and links on the way, each once, then what is there in the end; links are
  /// followed. Directories that exist only since something lies below them are not told. Empty if no package has something there.
  [[nodiscard]] std::vector<Place> way_to(std::string_view path) const;

  /// The content of a regular file of this tree, held against the digest in its package's header. ErrorKind::infra names the package
  /// that cannot be read, or does not have what its header says.
  Result<std::string> content_of(const Place& place);

 private:
  const PackageSet& packages_;
  std::map<const Package*, std::map<std::string, std::string>> payloads_;  ///< Of packages that were asked for something.
};

}  // namespace diglab
