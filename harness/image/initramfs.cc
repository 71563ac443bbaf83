// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/initramfs.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "image/elf_needs.h"
#include "image/list_package.h"
#include "image/package_tree.h"
#include "os/cpio.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// An archive in the making: directories sort before what is in them.
class Archive {
 public:
  explicit Archive(const PackageSet& packages) : tree_(packages) {}

  /// Everything on the way to `path`, and what it needs to run.
  Result<void> add_with_needs(const std::string& path) {
    std::vector<std::string> wanted{path};
    while (!wanted.empty()) {
      const std::string next = std::move(wanted.back());
      wanted.pop_back();
      if (!done_.insert(next).second) continue;
      const auto file = TRY(add(next));
      const ElfNeeds needs = elf_needs_of(entries_.at(file.file->path).content);
      if (!needs.interpreter.empty()) wanted.push_back(needs.interpreter);
      for (const auto& library : needs.libraries) wanted.push_back(TRY(find_library(library, needs, *file.file)));
    }
    return {};
  }

  /// Everything on the way to `path`; returns the regular file that is there.
  Result<PackageTree::Place> add(const std::string& path) {
    const auto way = tree_.way_to(path);
    if (way.empty()) return fail(ErrorKind::bad_input, fmt::format("initramfs: no package of the image has {}", path));
    if (!way.back().file->is_regular()) return fail(ErrorKind::bad_input, fmt::format("initramfs: {} is no regular file", path));
    for (const auto& place : way) {
      const PackagedFile& file = *place.file;
      if (entries_.contains(file.path)) continue;
      auto content = file.is_regular() ? TRY(tree_.content_of(place)) : file.link_target;
      entries_[file.path] = {file.path.substr(1), file.mode, std::move(content)};
    }
    return way.back();
  }

  void add_link(const std::string& path, const std::string& target) { entries_[path] = {path.substr(1), S_IFLNK | 0777, target}; }

  /// The packages whose regular files are in it.
  [[nodiscard]] std::set<const Package*> packages() const {
    std::set<const Package*> found;
    for (const auto& [path, entry] : entries_)
      if (const auto way = tree_.way_to(path); S_ISREG(entry.mode) && !way.empty()) found.insert(way.back().package);
    return found;
  }

  Result<std::string> bytes() const {
    auto all = entries_;
    for (const auto& [path, entry] : entries_)  // Directories that no package has.
      for (fs::path parent = fs::path(path).parent_path(); parent != "/"; parent = parent.parent_path())
        all.try_emplace(parent.string(), CpioEntry{parent.string().substr(1), S_IFDIR | 0755, {}});
    std::vector<CpioEntry> sorted;
    for (const auto& [path, entry] : all) sorted.push_back(entry);
    return cpio_of(sorted);
  }

 private:
  Result<std::string> find_library(const std::string& name, const ElfNeeds& needs, const PackagedFile& of) {
    for (const auto& directory : library_directories(needs, fs::path(of.path).parent_path()))
      if (auto path = fmt::format("{}/{}", directory, name); !tree_.way_to(path).empty()) return path;
    return fail(ErrorKind::bad_input, fmt::format("initramfs: no package of the image has {}, which {} needs", name, of.path));
  }

  PackageTree tree_;
  std::map<std::string, CpioEntry> entries_;
  std::set<std::string> done_;
};

/// The regular files that a pattern means; a path without a '*' stands for itself.
std::vector<std::string> paths_of(const std::string& pattern, const PackageSet& packages) {
  if (!pattern.contains('*')) return {pattern};
  std::vector<std::string> paths;
  for (const Package& package : packages.packages())
    for (const PackagedFile& file : package.files)
      if (file.is_regular() && !file.is_ghost() && ::fnmatch(pattern.c_str(), file.path.c_str(), FNM_NOESCAPE) == 0) paths.push_back(file.path);
  return paths;
}

}  // namespace

std::optional<InitramfsLists> initramfs_lists_named(std::string_view name) {
  if (name == "none") return InitramfsLists::none;
  if (name == "own") return InitramfsLists::own;
  if (name == "all") return InitramfsLists::all;
  return std::nullopt;
}

Result<std::string> make_initramfs(const fs::path& repository, const InitramfsRequest& request) {
  const PackageSet packages = TRY(PackageSet::from_directory(repository));
  Archive programs(packages);
  TRY_VOID(programs.add_with_needs(request.init));
  for (const auto& pattern : request.files)
    for (const auto& file : paths_of(pattern, packages)) TRY_VOID(programs.add_with_needs(file));
  programs.add_link("/init", request.init);
  std::string bytes = TRY(programs.bytes());
  if (request.lists == InitramfsLists::none) return bytes;

  const auto list_packages = packages.named(list_package_name);
  if (list_packages.empty()) return fail(ErrorKind::bad_input, "initramfs: the image has no digest lists");
  const auto own = programs.packages();
  Archive lists(packages);
  for (const auto& file : list_packages.front()->files) {
    const bool wanted = request.lists == InitramfsLists::all ||
                        std::ranges::any_of(own, [&](const Package* package) { return is_list_of(file.path, *package); });
    if (file.is_regular() && wanted) TRY_VOID(lists.add(file.path));
  }
  return bytes + TRY(lists.bytes());
}

}  // namespace diglab
