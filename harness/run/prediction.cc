// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "image/disk.h"
#include "image/package_tree.h"
#include "os/files.h"
#include "tool/predict.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using diglim::tool::BootParameters;

/// Whether a file of an installed system has to do with what is measured. The parser as init goes by the usual directories.
bool counts(const PackagedFile& file, const BootParameters& boot) {
  const std::string directory = fs::path(file.path).parent_path().string();
  const auto is_there = [&](const std::vector<std::string>& directories) { return std::ranges::find(directories, directory) != directories.end(); };
  return file.path == boot.uploader || file.path == boot.init || is_there(boot.directories) || is_there(BootParameters().directories);
}

/// Lays out the digest lists of an image, and what converts them, as they are installed.
Result<void> install_lists(const fs::path& repository, const BootParameters& boot, const fs::path& root) {
  const PackageSet packages = TRY(PackageSet::from_directory(repository));
  PackageTree tree(packages);
  for (const Package& package : packages.packages()) {
    for (const PackagedFile& file : package.files) {
      if (file.is_ghost() || !counts(file, boot)) continue;
      const fs::path place = root / fs::path(file.path).relative_path();
      std::error_code error;
      fs::create_directories(place.parent_path(), error);
      if (!error && file.is_link()) fs::create_symlink(file.link_target, place, error);
      const std::string content = file.is_regular() ? TRY(tree.content_of({&package, &file})) : std::string();
      const bool written = !file.is_regular() || (std::ofstream(place, std::ios::binary) << content).flush().good();
      if (error || !written)
        return fail(ErrorKind::infra, fmt::format("{}: cannot be written{}", place.string(), error ? ": " + error.message() : ""));
    }
  }
  return {};
}

}  // namespace

Result<ImaLog> predict_boot(const BuiltImage& image, const MachineWish& wish, const std::optional<fs::path>& initramfs,
                            std::string_view command_line, std::uint32_t pcr, Processes& processes) {
  const auto boot = BootParameters::parse(command_line);
  if (boot.pcr != pcr)
    return fail(ErrorKind::bad_input, fmt::format("a prediction of PCR {}: with this command line lists extend PCR {}", pcr, boot.pcr));
  const TempDir root = TRY(TempDir::make({}, "diglab-lists"));
  TRY_VOID(install_lists(image.packages, boot, root.path()));
  std::optional<diglim::tool::EarlyRoot> early;
  if (initramfs) {
    early = TRY(diglim::tool::EarlyRoot::unpack({&*initramfs, 1}, boot, processes));
    // Our own goes to the root, and then loads its lists, if they are in the kernel's format.
    if (wish.initramfs && wish.initramfs->by.empty()) {
      early->new_root = "/";
      early->converter = "";
    }
  }
  const diglim::tool::Root installed(root.path());
  // Not laid out with the files: that is for privileged users only.
  const auto read_attribute = [&](const fs::path& file, const std::string& name) -> Result<Bytes> {
    if (!wish.ima_signatures.value_or(false)) return Bytes();
    return attribute_on_disk(image.disk, installed.inside(file), name, processes);
  };
  return diglim::tool::predict_log(boot, installed, early, read_attribute);
}

}  // namespace diglab
