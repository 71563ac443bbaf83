// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image_set.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

using Field = std::function<void(const YAML::Node&)>;

/// Hands each field of the map in `file` to its reader, and turns yaml-cpp's exceptions into errors with a line.
Result<void> read_fields(const fs::path& file, const std::map<std::string, Field>& fields) {
  const auto text = TRY(read_file(file, std::size_t{1} << 20));
  try {
    const auto document = YAML::Load(text);
    if (!document.IsMap()) return fail(ErrorKind::bad_input, fmt::format("{}: expected a map of fields", file.string()));
    for (const auto& item : document) {
      const auto name = item.first.as<std::string>();
      const auto field = fields.find(name);
      if (field == fields.end())
        return fail(ErrorKind::bad_input, fmt::format("{}:{}: there is no field '{}' here", file.string(), item.first.Mark().line + 1, name));
      field->second(item.second);
    }
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::bad_input, fmt::format("{}:{}: {}", file.string(), error.mark.line + 1, error.msg));
  }
  return {};
}

template <typename T>
Field into(T& target) {
  return [&target](const YAML::Node& node) { target = node.as<T>(); };
}

/// "0640 root shadow" or "0640".
void set_attributes(OwnedPath& path, const std::string& text, const YAML::Node& node) {
  std::istringstream words(text);
  if (!(words >> std::oct >> path.mode) || path.mode > 07777) throw YAML::Exception(node.Mark(), fmt::format("'{}' does not begin with octal permissions", text));
  std::string user, group;
  if (words >> user) path.user = user;
  if (words >> group) path.group = group;
}

}  // namespace

Result<ImageSet> load_image_set(const fs::path& file) {
  ImageSet set;
  set.name = file.stem();
  TRY_VOID(read_fields(file, {{"description", into(set.description)},
                              {"packages", into(set.packages)},
                              {"left_out", into(set.left_out)},
                              {"trees", into(set.trees)},
                              {"own", into(set.own)},
                              {"signing_key", into(set.signing_key)},
                              {"carries", into(set.carries)},
                              {"initramfs", [&](const YAML::Node& node) {
                                 for (const auto& item : node) set.initramfs[item.first.as<std::string>()] = item.second.as<std::string>();
                               }},
                              {"disk_mib", into(set.disk_mib)}}));
  for (const auto& [maker, script] : set.initramfs)
    if (maker.empty() || maker.contains('/')) return fail(ErrorKind::bad_input, fmt::format("{}: initramfs: '{}' is no name", file.string(), maker));
  if (set.packages.empty()) return fail(ErrorKind::bad_input, fmt::format("{}: no packages", file.string()));
  if (set.disk_mib < 16 || set.disk_mib > 65536)
    return fail(ErrorKind::bad_input, fmt::format("{}: disk_mib must be between 16 and 65536, it is {}", file.string(), set.disk_mib));
  return set;
}

Result<TreePackage> load_tree_package(const fs::path& directory) {
  TreePackage tree;
  auto& package = tree.description;
  package.name = fmt::format("diglab-{}", directory.filename().string());
  package.version = {"", "1", "1"};
  tree.files = directory / "root";
  std::map<std::string, OwnedPath> attributes;
  std::vector<std::string> ghosts;
  TRY_VOID(read_fields(directory / "package.yaml",
                       {{"name", into(package.name)},
                        {"summary", into(package.summary)},
                        {"architecture", into(package.architecture)},
                        {"scriptlets", into(package.scriptlets)},
                        {"version", into(package.version.version)},
                        {"requires", into(package.requires_list)},
                        {"provides", into(package.provides)},
                        {"obsoletes", into(package.obsoletes)},
                        {"own_key", into(tree.own_key)},
                        {"copies", [&](const YAML::Node& node) {
                           tree.copies = node.IsSequence() ? node.as<std::vector<unsigned>>() : std::vector<unsigned>(node.as<unsigned>(), 1);
                         }},
                        {"file_size", into(tree.file_size)},
                        {"links", into(tree.links)},
                        {"ghosts", into(ghosts)},
                        {"directories", [&](const YAML::Node& node) {
                           for (const auto& item : node) {
                             OwnedPath path{.kind = PathKind::directory, .path = item.first.as<std::string>()};
                             set_attributes(path, item.second.as<std::string>(), item.second);
                             package.paths.push_back(path);
                           }
                         }},
                        {"attributes", [&](const YAML::Node& node) {
                           for (const auto& item : node) set_attributes(attributes[item.first.as<std::string>()], item.second.as<std::string>(), item.second);
                         }}}));
  for (const auto& [path, target] : tree.links) package.paths.push_back({.kind = PathKind::symlink, .path = path, .mode = 0777});
  for (const auto& path : ghosts) package.paths.push_back({.kind = PathKind::ghost, .path = path, .mode = 0644});

  std::error_code error;
  for (fs::recursive_directory_iterator it(tree.files, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory()) continue;
    OwnedPath path{.kind = it->is_symlink() ? PathKind::symlink : PathKind::file, .path = "/" + it->path().lexically_relative(tree.files).string()};
    const bool runs = (it->symlink_status().permissions() & fs::perms::owner_exec) != fs::perms::none;
    path.mode = runs ? 0755 : 0644;
    if (const auto known = attributes.find(path.path); known != attributes.end()) {
      path.mode = known->second.mode;
      path.user = known->second.user;
      path.group = known->second.group;
      attributes.erase(known);
    }
    package.paths.push_back(std::move(path));
  }
  if (error) return fail(ErrorKind::infra, fmt::format("cannot list {}: {}", tree.files.string(), error.message()));
  if (!attributes.empty())
    return fail(ErrorKind::bad_input, fmt::format("{}: attributes for {}, which is not in root/", (directory / "package.yaml").string(), attributes.begin()->first));
  return tree;
}

std::string path_in_copy(std::string_view path, unsigned number, unsigned time) {
  return time == 0 ? fmt::format("{}-{}", path, number) : fmt::format("{}-{}.{}", path, number, time);
}

std::vector<TreePackage> copies_of(const TreePackage& tree) {
  if (tree.copies.empty()) return {tree};
  std::vector<TreePackage> copies(tree.copies.size(), tree);
  for (unsigned number = 1; auto& copy : copies) {
    copy.number = number;
    copy.times = tree.copies[number - 1];
    copy.description.name += fmt::format("-{}", number);
    copy.description.paths.clear();
    for (auto path : tree.description.paths) {
      const auto original = path.path;
      for (unsigned time = 0; time < (path.kind == PathKind::file ? copy.times : 1); ++time) {
        if (path.kind == PathKind::file) path.path = path_in_copy(original, number, time);
        copy.description.paths.push_back(path);
      }
    }
    ++number;
  }
  return copies;
}

}  // namespace diglab
