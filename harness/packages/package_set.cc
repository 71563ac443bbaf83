// SPDX-License-Identifier: GPL-2.0-or-later
#include "packages/package_set.h"

#include <fmt/format.h>

namespace diglab {

std::string Package::nevra() const {
  return fmt::format("{}-{}{}-{}.{}", name, epoch ? fmt::format("{}:", *epoch) : "", version, release, arch);
}

PackageSet::PackageSet(std::vector<Package> packages) : packages_(std::move(packages)) {
  for (std::size_t p = 0; p < packages_.size(); ++p) {
    for (std::size_t f = 0; f < packages_[p].files.size(); ++f) by_path_.emplace(packages_[p].files[f].path, std::pair{p, f});
  }
}

std::vector<const Package*> PackageSet::named(std::string_view name) const {
  std::vector<const Package*> result;
  for (const auto& package : packages_) {
    if (package.name == name) result.push_back(&package);
  }
  return result;
}

std::vector<PackageSet::Owner> PackageSet::owners(std::string_view path) const {
  std::vector<Owner> result;
  const auto [from, to] = by_path_.equal_range(path);
  for (auto it = from; it != to; ++it) {
    const auto& package = packages_[it->second.first];
    result.push_back({&package, &package.files[it->second.second]});
  }
  return result;
}

bool PackageSet::has_below(std::string_view directory) const {
  const auto prefix = fmt::format("{}/", directory);
  const auto next = by_path_.lower_bound(prefix);
  return next != by_path_.end() && next->first.starts_with(prefix);
}

const PackagedFile* PackageSet::find(std::string_view path) const {
  for (const auto& owner : owners(path)) {
    if (owner.file->is_regular() && !owner.file->is_ghost()) return owner.file;
  }
  return nullptr;
}

std::map<std::string, std::vector<std::string>> PackageSet::digests() const {
  std::map<std::string, std::vector<std::string>> result;
  for (const auto& package : packages_) {
    for (const auto& file : package.files) {
      if (!file.digest.empty() && file.size > 0) result[fmt::format("{}:{}", file.algorithm, file.digest)].push_back(file.path);
    }
  }
  return result;
}

}  // namespace diglab
