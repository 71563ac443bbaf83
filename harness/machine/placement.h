// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace diglab {

/// Puts a machine's files where its hypervisor can use them.
class Placement {
 public:
  virtual ~Placement() = default;

  /// A file that is only read (kernel, initrd). Returns its path on the hypervisor's host.
  virtual Result<std::string> place(const std::filesystem::path& file) = 0;
  /// A fresh qcow2 overlay over the raw image `base`, which is itself placed first.
  virtual Result<std::string> make_overlay(const std::filesystem::path& base, const std::string& name) = 0;
  virtual Result<void> remove_overlay(const std::string& placed) = 0;
};

}  // namespace diglab
