// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "image/image_request.h"
#include "os/process.h"

namespace diglab {

/// The guest disks of one cache.
///
/// provide() builds what is missing: packages from the host's archive become RPMs signed with the laboratory's key,
/// dnf installs them with gpgcheck on, mke2fs makes the disk. Every product is made under a temporary name, synced and
/// renamed, so that an interrupted or failed build leaves the cache as it was. A disk that no longer is what
/// was built is noticed and built again. Two processes that want the same disk build it once. When one was built, those of the same name that
/// nobody asked for in two weeks go: each change of what they are made of would leave one for ever.
class ImageStore {
 public:
  /// `sets` is the directory with sets/ and base/, normally guest-image/ of the source tree.
  ImageStore(std::filesystem::path cache, std::filesystem::path sets, Processes& processes)
      : cache_(std::move(cache)), sets_(std::move(sets)), processes_(processes) {}

  /// ErrorKind::bad_input for what the user gave (set, repository, key, a package that is not signed by it),
  /// ::infra for what is ours (tools, disk space, archive), ::interrupted and ::timeout as `deadline` says.
  Result<BuiltImage> provide(const ImageRequest& request, const ImageProgress& progress, const Deadline& deadline);

  [[nodiscard]] Result<std::vector<BuiltImage>> list() const;
  Result<void> remove(std::string_view id);

 private:
  std::filesystem::path cache_;
  std::filesystem::path sets_;
  Processes& processes_;
};

}  // namespace diglab
