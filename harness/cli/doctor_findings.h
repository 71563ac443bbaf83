// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "os/process.h"

namespace diglab {

enum class Health { good, note, problem };

/// One line of `diglab doctor`.
struct Finding {
  Health health;
  std::string subject;
  std::string detail;
  std::string advice;  ///< What to do; for problems.
};

/// A program whose version tells what this host can do, and the package that brings it.
struct Tool {
  const char* subject;
  Command ask;
  const char* package;
};

/// Good if the program runs and tells a version, with whatever exit status: that of swtpm_setup 0.7 --version is 1.
[[nodiscard]] Finding examine_tool(const Tool& tool, Processes& processes, const Deadline& deadline);

/// Good if `path`, or the directory that it would be made in, can be written to and has `needed` bytes free. `otherwise` is what to do
/// but make room there.
[[nodiscard]] Finding examine_disk(const std::string& subject, const std::filesystem::path& path, std::uintmax_t needed, std::string_view otherwise);

/// The directory for temporary files, as TempDir::make() takes it. A problem if the environment names one that is none, or that cannot be looked into:
/// we then take /tmp, and the programs that we start do not.
[[nodiscard]] Finding examine_temporary(std::uintmax_t needed);

/// What KVM's device, if there is one, lets this user do; nothing if there is nothing to do about it.
[[nodiscard]] std::optional<Finding> examine_kvm_access(const std::filesystem::path& device);

/// Whether packages can be installed into an image: `access` is what check_root_access() found.
[[nodiscard]] Finding examine_rights(bool root, const Result<void>& access);

}  // namespace diglab
