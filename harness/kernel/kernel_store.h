// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/kernel_request.h"
#include "os/process.h"

namespace diglab {

struct BuildPlan;
class SourceTrees;

/// The kernels of one cache: <cache>/kernels/<id>/{bzImage,config,modules/,manifest.json}.
///
/// The id covers source, patches, configuration, keys and compiler; the manifest holds every file's digest, which is
/// checked at each use. Builds happen in <cache>/kernels/.build-<id> and appear by one rename, so what is in the cache is
/// complete whatever happened to a build. Two processes that want the same kernel build it once. Of a failed build
/// the log stays in <cache>/kernels/logs/, which the error names.
class KernelStore {
 public:
  /// `patches` is kernel-patches/ of the source tree.
  KernelStore(const std::filesystem::path& cache, Processes& processes, const std::filesystem::path& patches,
              std::filesystem::path debian_tarball = "/usr/src/linux-source-6.12.tar.xz");

  /// From the cache, or built. ErrorKind::bad_input for what the user gave (tree, patch, image, key, flavour),
  /// ::infra for what is ours (tools, disk space, Debian's source), ::interrupted and ::timeout as `deadline` says.
  Result<BuiltKernel> provide(const KernelRequest& request, const KernelProgress& progress, const Deadline& deadline);

  /// What provide() would return without building; empty when it would have to build.
  Result<std::optional<BuiltKernel>> find(const KernelRequest& request, const Deadline& deadline);

  [[nodiscard]] Result<std::vector<BuiltKernel>> list() const;
  /// `id` may be any unambiguous beginning of one.
  Result<void> remove(std::string_view id);

  /// The flavours that there are for Debian's source, by name.
  [[nodiscard]] Result<std::vector<std::string>> flavours() const;

 private:
  Result<BuildPlan> plan(const KernelRequest& request, SourceTrees& trees, const Deadline& deadline);

  std::filesystem::path cache_;
  Processes& processes_;
  std::filesystem::path patches_;
  std::filesystem::path debian_tarball_;
};

}  // namespace diglab
