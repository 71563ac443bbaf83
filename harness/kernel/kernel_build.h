// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "kernel/flavour.h"
#include "kernel/kernel_config.h"
#include "kernel/source_tree.h"

namespace diglab {

/// Everything that a build depends on, found and read.
struct BuildPlan {
  std::string id;
  SourceState source;
  Flavour flavour;
  KernelConfig asked;  ///< base and fragments, merged.
  KernelConfig must;
  std::filesystem::path trusted_keys;  ///< May be empty.
  std::filesystem::path module_key;
  std::filesystem::path pgp_keys;  ///< May be empty.
  int jobs = 1;
};

/// One build in a directory of its own: place, patch, configure, check, compile, install, check again.
class KernelBuild {
 public:
  KernelBuild(Processes& processes, SourceTrees& trees, const BuildPlan& plan, std::filesystem::path directory,
              std::filesystem::path log, std::filesystem::path ccache_directory);

  /// The directory with bzImage, config, modules/ and manifest.json, on the same file system as `directory`.
  Result<std::filesystem::path> run(const KernelProgress& progress, const Deadline& deadline);

 private:
  Result<void> prepare_tree(const KernelProgress& progress, const Deadline& deadline);
  Result<void> configure(const Deadline& deadline);
  Result<KernelConfig> check_configuration(std::string_view when) const;
  Result<int> planned_steps(const Deadline& deadline);
  Result<void> compile(const KernelProgress& progress, const Deadline& deadline);
  Result<void> build_selftests(const Deadline& deadline);
  Result<void> collect(double seconds, const Deadline& deadline);
  [[nodiscard]] Command make(std::initializer_list<std::string> targets) const;
  Result<ProcessOutcome> run_make(const Command& command, const Deadline& deadline, const std::function<void(std::string_view)>& on_line = {});
  [[nodiscard]] ErrorKind fault_of_build() const;

  Processes& processes_;
  SourceTrees& trees_;
  const BuildPlan& plan_;
  std::filesystem::path directory_;
  std::filesystem::path tree_;
  std::filesystem::path objects_;
  std::filesystem::path log_;
  std::filesystem::path ccache_directory_;
  std::ofstream log_file_;
  bool ccache_ = false;
};

}  // namespace diglab
