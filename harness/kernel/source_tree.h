// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kernel/kernel_request.h"
#include "os/process.h"

namespace diglab {

/// What a kernel source is at this moment, without its having been unpacked or copied.
struct SourceState {
  KernelSource source;
  std::string version;    ///< "6.12": which directory of kernel-patches/ it is for.
  std::string identity;   ///< Equal for equal content.
  std::vector<std::filesystem::path> files;  ///< Of a tree: what belongs to it, relative to it.
};

/// Kernel sources on this host: the distribution's tarball, unpacked once per cache, and trees of the user's.
///
/// A git tree is its commit, its uncommitted changes and its untracked files that are not ignored: results of builds in
/// it do not count and are not copied. Any other tree is the content of all its files, and must be clean.
class SourceTrees {
 public:
  SourceTrees(std::filesystem::path cache, Processes& processes, std::filesystem::path debian_tarball)
      : cache_(std::move(cache)), processes_(processes), tarball_(std::move(debian_tarball)) {}

  Result<SourceState> identify(const KernelSource& source, const Deadline& deadline);

  /// Makes a tree of its own at `to`, which must not exist. Of the unpacked tarball it is made of hard links, which must be
  /// replaced rather than written to; a user's files are copied, since an editor may write to them at any time,
  /// and ErrorKind::bad_input says if one did meanwhile.
  Result<void> place(const SourceState& state, const std::filesystem::path& to, const KernelProgress& progress, const Deadline& deadline);

  /// Whether place() has to unpack first, which takes its time.
  [[nodiscard]] bool must_unpack(const SourceState& state) const;

 private:
  Result<SourceState> identify_debian(const Deadline& deadline);
  Result<SourceState> identify_tree(const std::filesystem::path& path, const Deadline& deadline);
  Result<std::filesystem::path> unpacked(const SourceState& state, const KernelProgress& progress, const Deadline& deadline);

  std::filesystem::path cache_;
  Processes& processes_;
  std::filesystem::path tarball_;
};

/// "6.12" from the Makefile of a kernel tree. ErrorKind::bad_input if it is none.
Result<std::string> kernel_version_of_tree(const std::filesystem::path& tree);

}  // namespace diglab
