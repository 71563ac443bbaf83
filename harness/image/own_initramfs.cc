// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/own_initramfs.h"

#include <fmt/format.h>

#include "image/root_access.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// In a mount namespace of its own: all of this is gone with the process. $1: root, $2: directory for the result, $3: script, $4: kernel version.
constexpr const char* in_chroot = R"(
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
for directory in proc sys dev; do mount --rbind "/$directory" "$1/$directory"; done
for directory in run tmp var/tmp; do mount -t tmpfs tmpfs "$1/$directory"; done
mount --bind "$2" "$1/boot"
cd "$1"
exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin LC_ALL=C SOURCE_DATE_EPOCH=1704067200 /bin/sh -euc "$3" sh "$4"
)";

Result<std::string> kernel_version(const fs::path& root) {
  std::error_code error;
  fs::directory_iterator it(root / "usr/lib/modules", error), end;
  if (error || it == end) return fail(ErrorKind::bad_input, "an initramfs of the guest's own needs a kernel with modules");
  return it->path().filename().string();
}

}  // namespace

Result<void> make_own_initramfs(const fs::path& root, const std::string& script, const fs::path& result, Processes& processes, const Deadline& deadline) {
  const auto boot = TRY(TempDir::make(result.parent_path(), "boot"));
  auto command = as_root(Command{"unshare", "--mount", "--", "sh", "-euc", in_chroot, "sh", fs::absolute(root).string(), boot.path().string(), script,
                                 TRY(kernel_version(root))});
  const auto outcome = TRY(processes.run(command, {.deadline = deadline, .input = {}, .on_line = {}}));
  std::error_code error;
  fs::rename(boot.path() / "initrd.img", result, error);
  if (outcome.end.succeeded() && !error) return {};
  auto said = outcome.out + outcome.err;
  if (said.size() > 2000) said = "..." + said.substr(said.size() - 2000);
  return fail(ErrorKind::bad_input, fmt::format("making an initramfs in the guest ({}): {}", error ? "no /boot/initrd.img" : outcome.end.to_string(), said));
}

}  // namespace diglab
