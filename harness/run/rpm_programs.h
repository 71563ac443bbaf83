// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "os/process.h"

namespace diglab {

struct RpmProgramSources {
  std::filesystem::path source;    ///< The repository.
  std::filesystem::path binaries;  ///< The build's harness/ folder.
  std::filesystem::path cache;
};

/// Plugins and repair, linked with the librpm of a suite.
struct RpmPrograms {
  std::filesystem::path build;    ///< A build's rpm-plugin/ folder.
  std::filesystem::path plugins;  ///< The directory of rpm's plugins in guests.
};

/// Those for guests of `suite`; empty: for the host's, from the build itself. For a suite it is a build of its own beside that, of which only
/// what guests get is made, and made again when it changed.
///
/// ErrorKind::bad_input for what is no suite, ::infra with the compiler's words.
Result<RpmPrograms> provide_rpm_programs(const RpmProgramSources& sources, const std::string& suite, Processes& processes, const Deadline& deadline);

}  // namespace diglab
