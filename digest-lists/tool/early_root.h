// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "os/files.h"
#include "tool/boot_parameters.h"
#include "tool/context.h"
#include "tool/load.h"
#include "tool/result.h"

namespace diglim::tool {

/// The root file system that a boot begins in: what an initramfs has of digest lists, unpacked for as long as this lives.
class EarlyRoot {
 public:
  /// Of images as a boot loader hands them over, one after the other. ErrorKind::bad_input for what is no initramfs.
  static Result<EarlyRoot> unpack(std::span<const std::filesystem::path> images, const BootParameters& boot, diglab::Processes& processes);

  /// Only digest lists, what marks their directories, what converts them, and the links and directories on the way.
  [[nodiscard]] Root files() const { return Root(directory_.path()); }

  /// Where the root file system is when its lists are loaded: "/sysroot"; "/" if init goes there first. Empty: nobody loads them. Known
  /// for initramfses with our dracut module or our hook of initramfs-tools.
  std::string new_root;
  /// It keeps its lists that the root has not through the switch, and they are deleted after it. Known by what these say.
  bool keeps_outdated = false;
  /// What converts lists in it that are not in the kernel's own format; empty: nobody does.
  std::string converter = Load{}.parser;

 private:
  explicit EarlyRoot(diglab::TempDir directory) : directory_(std::move(directory)) {}

  diglab::TempDir directory_;
};

}  // namespace diglim::tool
