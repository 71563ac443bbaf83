// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/recipes.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "image/deb_unpack.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// Directories that packages of ours do not claim: the system has them already, with permissions of its own.
bool is_system_directory(const std::string& path) {
  static const std::set<std::string> known = {"/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr", "/usr/bin", "/usr/lib",
                                              "/usr/lib64", "/usr/libexec", "/usr/sbin", "/usr/share", "/var", "/var/lib", "/usr/lib/systemd",
                                              "/usr/lib/systemd/system", "/etc/systemd", "/etc/systemd/system"};
  return known.contains(path);
}

/// The paths of a tree, in order, with a text that says everything about their content.
struct Listing {
  std::vector<OwnedPath> paths;
  std::string content;
};

Result<Listing> list_tree(const fs::path& tree) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::recursive_directory_iterator it(tree, error), end; !error && it != end; it.increment(error)) found.push_back(it->path());
  if (error) return fail(ErrorKind::bad_input, fmt::format("cannot list {}: {}", tree.string(), error.message()));
  std::sort(found.begin(), found.end());
  Listing listing;
  for (const auto& path : found) {
    const auto status = fs::symlink_status(path, error);
    // What the umask of who made the tree would have left to others: the same sources are to give the same package.
    constexpr std::uint32_t others_may = 07755;
    OwnedPath owned{.path = "/" + path.lexically_relative(tree).string(), .mode = static_cast<std::uint32_t>(status.permissions()) & others_may};
    std::string content;
    if (owned.path != usr_merged(owned.path))
      return fail(ErrorKind::bad_input, fmt::format("{}: in the guest this is {}", path.string(), usr_merged(owned.path)));
    if (fs::is_symlink(status)) {
      owned.kind = PathKind::symlink;
      content = fs::read_symlink(path, error).string();
    } else if (fs::is_directory(status)) {
      owned.kind = PathKind::directory;
    } else if (fs::is_regular_file(status)) {
      content = TRY(sha256_of_file(path));
    } else {
      return fail(ErrorKind::bad_input, fmt::format("{} is neither file, directory nor link", path.string()));
    }
    listing.content += fmt::format("{} {:o} {} {}\n", static_cast<int>(owned.kind), owned.kind == PathKind::symlink ? 0 : owned.mode, owned.path, content);
    if (owned.kind != PathKind::directory || !is_system_directory(owned.path)) listing.paths.push_back(std::move(owned));
  }
  return listing;
}

Result<void> copy_tree(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error) return fail(ErrorKind::infra, fmt::format("cannot copy {}: {}", from.string(), error.message()));
  return {};
}

/// Gives the files of a copied package names and content of its own.
Result<void> number_files(const fs::path& root, const TreePackage& copy) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file()) files.push_back(it->path());
  for (const auto& path : files) {
    for (unsigned time = 0; time < copy.times && !error; ++time) {
      const fs::path numbered = path_in_copy(path.native(), copy.number, time);
      fs::copy_file(path, numbered, error);
      std::ofstream(numbered, std::ios::app) << "# " << numbered.filename().native().substr(path.filename().native().size() + 1) << '\n';
      if (copy.file_size != 0 && !error) fs::resize_file(numbered, copy.file_size, error);
    }
    if (!error) fs::remove(path, error);
  }
  if (error) return fail(ErrorKind::infra, fmt::format("cannot number the files of {}: {}", root.string(), error.message()));
  return {};
}

}  // namespace

RpmRecipe recipe_for(const DebianPackage& deb, const fs::path& downloads) {
  RpmRecipe recipe{.name = deb.name, .content = fmt::format("deb {}", deb.sha256), .lay_out = {}};
  recipe.lay_out = [path = downloads / deb.file](const fs::path& root) -> Result<PackageDescription> {
    auto unpacked = TRY(unpack_deb(path, root));
    PackageDescription package;
    package.name = unpacked.control.name;
    package.version = TRY(rpm_version_of(unpacked.control.version), package.name);
    package.architecture = unpacked.control.architecture == "all" ? "noarch" : "x86_64";
    package.summary = unpacked.control.summary;
    package.requires_list = TRY(rpm_dependencies_of(unpacked.control.depends), package.name);
    package.requires_list.push_back("diglab-base");
    package.provides = TRY(rpm_dependencies_of(unpacked.control.provides), package.name);
    for (auto& name : unpacked.former_names) package.provides.push_back(std::move(name));
    package.paths = std::move(unpacked.paths);
    return package;
  };
  return recipe;
}

Result<RpmRecipe> recipe_for(const TreePackage& tree) {
  const auto listing = TRY(list_tree(tree.files));
  std::string made;
  for (const auto& [path, target] : tree.links) made += fmt::format("{} -> {}\n", path, target);
  if (tree.file_size != 0) made += fmt::format("{} bytes each\n", tree.file_size);
  RpmRecipe recipe{.name = tree.description.name, .content = spec_of(tree.description) + listing.content + made, .own_key = tree.own_key, .lay_out = {}};
  recipe.lay_out = [tree](const fs::path& root) -> Result<PackageDescription> {
    TRY_VOID(copy_tree(tree.files, root));
    if (tree.number != 0) TRY_VOID(number_files(root, tree));
    std::error_code error;
    for (const auto& path : tree.description.paths) {
      const auto place = root / fs::path(path.path).relative_path();
      fs::create_directories(path.kind == PathKind::directory ? place : place.parent_path(), error);
      if (const auto link = tree.links.find(path.path); link != tree.links.end()) fs::create_symlink(link->second, place, error);
      if (error) return fail(ErrorKind::infra, fmt::format("cannot make {}: {}", place.string(), error.message()));
    }
    return tree.description;
  };
  return recipe;
}

Result<RpmRecipe> recipe_for(const OwnPackage& own) {
  const auto listing = TRY(list_tree(own.tree), fmt::format("the package {}", own.name));
  PackageDescription package;
  package.name = own.name;
  package.version = TRY(rpm_version_of(own.version), own.name);
  if (package.version.release.empty()) package.version.release = "1";
  package.summary = fmt::format("{} of the laboratory", own.name);
  package.requires_list = own.requires_names;
  package.paths = listing.paths;
  RpmRecipe recipe{.name = own.name, .content = spec_of(package) + listing.content, .lay_out = {}};
  recipe.lay_out = [package, tree = own.tree](const fs::path& root) -> Result<PackageDescription> {
    TRY_VOID(copy_tree(tree, root));
    return package;
  };
  return recipe;
}

RpmRecipe stand_in_recipe(const ImageSet& set) {
  PackageDescription package;
  package.name = fmt::format("diglab-without-{}", set.name);
  package.version = {"", "1", "1"};
  package.architecture = "noarch";
  package.summary = "What this guest does without";
  // Newer than whatever version a dependency asks for.
  for (const auto& name : set.left_out) package.provides.push_back(fmt::format("{} = 999:0", name));
  return {.name = package.name, .content = spec_of(package), .lay_out = [package](const fs::path&) -> Result<PackageDescription> { return package; }};
}

Result<RpmRecipe> keys_recipe(const LabKeys& keys) {
  PackageDescription package;
  package.name = "diglab-keys";
  package.version = {"", "1", "1"};
  package.architecture = "noarch";
  package.summary = "Public keys of the laboratory";
  package.paths = {{PathKind::directory, "/etc/keys", 0755}, {PathKind::file, "/etc/keys/x509_ima.der", 0644},
                   {PathKind::directory, "/etc/pki", 0755}, {PathKind::directory, "/etc/pki/rpm-gpg", 0755},
                   {PathKind::file, "/etc/pki/rpm-gpg/RPM-GPG-KEY-diglab", 0644}};
  const auto ima = TRY(read_file(keys.ima_certificate_der));
  const auto rpm = TRY(read_file(keys.rpm_public_key));
  RpmRecipe recipe{.name = package.name, .content = spec_of(package) + sha256_of(ima) + sha256_of(rpm), .lay_out = {}};
  recipe.lay_out = [package, ima, rpm](const fs::path& root) -> Result<PackageDescription> {
    TRY_VOID(write_file(root / "etc/keys/x509_ima.der", ima));
    TRY_VOID(write_file(root / "etc/pki/rpm-gpg/RPM-GPG-KEY-diglab", rpm));
    return package;
  };
  return recipe;
}

Result<RpmRecipe> signing_key_recipe(const LabKeys& keys) {
  PackageDescription package;
  package.name = "diglab-signing-key";
  package.version = {"", "1", "1"};
  package.architecture = "noarch";
  package.summary = "The laboratory's IMA key";
  package.paths = {{PathKind::file, "/etc/keys/ima.key", 0600}};
  const auto key = TRY(read_file(keys.ima_key));
  RpmRecipe recipe{.name = package.name, .content = spec_of(package) + sha256_of(key), .lay_out = {}};
  recipe.lay_out = [package, key](const fs::path& root) -> Result<PackageDescription> {
    TRY_VOID(write_file(root / "etc/keys/ima.key", key));
    return package;
  };
  return recipe;
}

}  // namespace diglab
