// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "image/image_request.h"
#include "image/keys.h"
#include "image/rpm_spec.h"

namespace diglab {

/// A signed package in the cache.
struct BuiltRpm {
  std::filesystem::path file;
  std::string sha256;
};

/// A package to be built unless the cache has it.
struct RpmRecipe {
  std::string name;       ///< For messages.
  std::string content;    ///< Text that names everything the result depends on, but for the key and this program's version.
  bool own_key = false;   ///< Signed by OwnKey, and not by the packages' key.
  /// Lays the files out below the given empty directory and says what the package owns. Runs on any thread.
  std::function<Result<PackageDescription>(const std::filesystem::path& root)> lay_out;
};

/// Builds and signs RPMs with rpmbuild and rpmsign, and keeps them by content in <cache>/rpms.
///
/// The same recipe and key give the same bytes: times, build host and signature time are fixed. A package in the
/// cache that is not what was built is built again.
class RpmBuilder {
 public:
  RpmBuilder(std::filesystem::path cache, const LabKeys& keys, Processes& processes)
      : cache_(std::move(cache)), keys_(keys), processes_(processes) {}

  /// In the order of the recipes. `missing` may fetch what the recipes that are not in the cache need: it is given their indices.
  Result<std::vector<BuiltRpm>> build(const std::vector<RpmRecipe>& recipes,
                                      const std::function<Result<void>(const std::vector<std::size_t>&)>& missing,
                                      const ImageProgress& progress, const Deadline& deadline);

 private:
  struct Signer {
    std::filesystem::path gpg_home;
    std::string fingerprint;
  };

  [[nodiscard]] std::filesystem::path place_of(const RpmRecipe& recipe, const Signer& signer) const;
  Result<void> build_one(const RpmRecipe& recipe, const std::filesystem::path& stage, const Deadline& deadline);
  Result<void> sign(const std::vector<std::filesystem::path>& stages, const Signer& signer, const Deadline& deadline);

  std::filesystem::path cache_;
  const LabKeys& keys_;
  Processes& processes_;
};

/// The entry at <place>, if it is there and whole: one .rpm and the file `sha256` that says what it must be.
Result<std::optional<BuiltRpm>> find_built_rpm(const std::filesystem::path& place);

}  // namespace diglab
