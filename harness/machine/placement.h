// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "machine/libvirt_api.h"

namespace diglab {

/// Puts a machine's files where its hypervisor can use them.
class Placement {
 public:
  virtual ~Placement() = default;

  /// A file that is only read (kernel, initrd). Returns its path on the hypervisor's host.
  virtual Result<std::string> place(const std::filesystem::path& file, const Deadline& deadline) = 0;
  /// A fresh qcow2 overlay called `name` over the raw image `base`, which is placed first. Returns its path there.
  virtual Result<std::string> make_overlay(const std::filesystem::path& base, const std::string& name, const Deadline& deadline) = 0;
  virtual Result<void> remove_overlay(const std::string& placed) = 0;
};

/// The hypervisor sees our files: they are used where they are, and overlays lie in `directory`.
[[nodiscard]] std::unique_ptr<Placement> make_local_placement(std::filesystem::path directory);

/// The hypervisor is elsewhere: files are uploaded once, by content, into the pool "diglab" in `pool_path`.
/// `run` is part of the names of what belongs to this run alone.
Result<std::unique_ptr<Placement>> make_pool_placement(virConnectPtr connection, const std::string& pool_path, std::string run);

/// The uploaded files and overlays in the pool that no domain uses, by name; removed unless `only_name`.
/// Empty on a host that never got any.
Result<std::vector<std::string>> remove_uploads(virConnectPtr connection, bool only_name);

/// Removes the overlays in the pool that belong to `run`; the uploaded images stay for the next one.
void remove_pool_overlays(virConnectPtr connection, const std::string& run);

}  // namespace diglab
