// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tool/change.h"
#include "tool/context.h"
#include "tool/result.h"
#include "tool/root.h"

namespace diglim::tool {

using Words = std::vector<std::string>;

/// What a system is booted by, as far as the kernel's command line goes.
class BootLoader {
 public:
  virtual ~BootLoader() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// How `old` words (that an earlier setup put there) make place for `added` ones. ErrorKind::bad_input names a file that has words of
  /// somebody else for the same parameters.
  virtual Result<std::vector<Change>> replace(const Words& old, const Words& added) const = 0;
};

/// The one of the root: grubby (which knows its loader), GRUB with its directory of settings, or boot loader specification entries, as
/// systemd-boot reads them. ErrorKind::bad_input if there is none of them. The context must outlive it.
Result<std::unique_ptr<BootLoader>> find_boot_loader(const Context& context);

/// Makes a new initramfs with the tool that the root has; nothing if it has none, or boots without an initramfs.
[[nodiscard]] std::vector<Change> renew_initramfs(const Root& root);

/// A line of parameters without `old` words and with `added` ones at its end.
[[nodiscard]] std::string replace_words(std::string_view line, const Words& old, const Words& added);

}  // namespace diglim::tool
