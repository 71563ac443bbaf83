// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "image/rpm_spec.h"

namespace diglab {

/// A package set: guest-image/sets/<name>.yaml.
struct ImageSet {
  std::string name;
  std::string description;
  std::vector<std::string> packages;   ///< Names in the archive; their dependencies come along.
  std::vector<std::string> left_out;   ///< Dependencies that a package of ours claims to provide.
  std::vector<std::string> trees;      ///< guest-image/<tree>/: packaged as diglab-<tree>.
  std::vector<std::string> own;        ///< Packages that the caller must bring.
  bool signing_key = false;            ///< With the private half of the laboratory's IMA key, for guests whose administrator signs.
  std::vector<std::string> carries;    ///< guest-image/<tree>/: packages that are not installed, but lie in /usr/share/diglab/packages.
  std::map<std::string, std::string> initramfs;  ///< By its maker: a script that, run in the installed system, makes /boot/initrd.img.
  std::uint64_t disk_mib = 512;
};

/// ErrorKind::bad_input with file and line for what is no set, or has a field that is not known.
Result<ImageSet> load_image_set(const std::filesystem::path& file);

/// A tree of ours: guest-image/<tree>/package.yaml beside root/. The YAML holds what git does not: empty directories,
/// permissions, owners, files that appear only at run time, scriptlets.
struct TreePackage {
  PackageDescription description;
  std::filesystem::path files;                   ///< root/
  std::map<std::string, std::string> links;      ///< Path to target.
  bool own_key = false;                          ///< An administrator's own key signs it, and not the packages'.
  std::vector<unsigned> copies;                  ///< Packages that differ in a number: how often each has the files; empty: this one.
  unsigned number = 0;                           ///< Of a copy: at the end of its name, of each file's name, and, as a comment, of each file.
  unsigned times = 1;                            ///< Of a copy: how often it has each file.
  std::uintmax_t file_size = 0;                  ///< Of copies: what each file has, in bytes, with zeros at its end; 0: as it is.
};
Result<TreePackage> load_tree_package(const std::filesystem::path& directory);
/// The package itself, or its copies, numbered from 1 on.
[[nodiscard]] std::vector<TreePackage> copies_of(const TreePackage& tree);
/// Where a copy has a file of the tree for the `time`th time, from 0 on.
[[nodiscard]] std::string path_in_copy(std::string_view path, unsigned number, unsigned time);

}  // namespace diglab
