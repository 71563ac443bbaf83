// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/early_root.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "format/list_name.h"
#include "tool/early_lists.h"
#include "tool/initramfs_archive.h"
#include "tool/installed_lists.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// What loads the lists of the root file system, and where it finds that: dracut's $NEWROOT, and $rootmnt of initramfs-tools.
struct Hook {
  std::string_view ends_with;
  const char* new_root;
};
constexpr Hook hooks[] = {{"/dracut/hooks/pre-pivot/10-load-lists.sh", "/sysroot"}, {"/scripts/init-bottom/diglim", "/root"}};

bool is_wanted(const fs::path& path, const BootParameters& boot) {
  const auto name = path.filename().string();
  if (read_list_name(name) || name == only_immutable_mark || name == fs::path(boot.uploader).filename() || name == Load{}.parser.filename())
    return true;
  return std::ranges::any_of(hooks, [&](const Hook& hook) { return path.string().ends_with(hook.ends_with); });
}

/// Wherever links in the archive lead, Root sees to it that nothing is outside.
Result<void> put(const fs::path& path, const ArchivedFile& file, const Root& root) {
  if (!S_ISREG(file.mode) && !S_ISDIR(file.mode) && !S_ISLNK(file.mode)) return {};
  const auto directory = root(S_ISDIR(file.mode) ? path : path.parent_path());
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error && S_ISLNK(file.mode)) fs::create_symlink(file.content, directory / path.filename(), error);
  const bool written = !S_ISREG(file.mode) || (std::ofstream(root(path), std::ios::binary) << file.content).flush().good();
  if (error || !written)
    return fail(ErrorKind::infra, fmt::format("{}: cannot be unpacked{}", path.string(), error ? ": " + error.message() : ""));
  return {};
}

}  // namespace

Result<EarlyRoot> EarlyRoot::unpack(std::span<const fs::path> images, const BootParameters& boot, diglab::Processes& processes) {
  ArchivedFiles files;
  for (const auto& image : images)
    if (std::error_code error; !fs::exists(image, error)) return fail(ErrorKind::bad_input, fmt::format("{}: no such file", image.string()));
  for (const auto& image : images)
    for (auto& [path, file] : TRY(read_initramfs(TRY(diglab::read_file(image)), image.string(),
                                                 [&](std::string_view each) { return is_wanted(each, boot); }, processes)))
      files[path] = std::move(file);
  EarlyRoot root(TRY(diglab::TempDir::make({}, "diglim-initramfs")));
  // In the order of their paths: what is on the way to a file comes before it. A link may lead to what comes later.
  for (const bool regular : {false, true})
    for (const auto& [path, file] : files)
      if (S_ISREG(file.mode) == regular) TRY_VOID(put(path, file, root.files()));
  for (const Hook& hook : hooks)
    for (const auto& [path, file] : files)
      if (path.ends_with(hook.ends_with)) {
        root.new_root = hook.new_root;
        root.keeps_outdated = file.content.contains(early_directory);
      }
  return root;
}

}  // namespace diglim::tool
