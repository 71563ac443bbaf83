// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/rpm_programs.h"

#include <fmt/format.h>

#include "image/rpm_library.h"
#include "os/files.h"

namespace diglab {

namespace fs = std::filesystem;

Result<RpmPrograms> provide_rpm_programs(const RpmProgramSources& sources, const std::string& suite, Processes& processes, const Deadline& deadline) {
  const fs::path host = sources.binaries.parent_path();
  if (suite.empty()) return RpmPrograms{.build = host / "rpm-plugin", .plugins = rpm_plugins_4_18};
  const auto library = TRY(provide_rpm_library(sources.cache, suite, processes, deadline), fmt::format("librpm of {}", suite));
  const fs::path build = host.parent_path() / fmt::format("rpm-{}", suite);
  const RunOptions options{.deadline = deadline, .input = {}, .on_line = {}};
  TRY_VOID(make_directories(build));
  const auto lock = TRY(FileLock::acquire(build / ".lock", deadline));
  const std::string include = fmt::format("-DDIGLIM_RPM_INCLUDE={}", library.headers.string());
  const auto configured = read_file(build / "configured");
  if (!configured || *configured != include) {
    // By the name that all checkouts have there, if the launcher made it: what one has compiled serves all of them.
    const fs::path shared = host.parent_path() / "source";
    (void)TRY(processes.check(Command{"cmake", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-S", (fs::exists(shared) ? shared : sources.source).string(), "-B",
                                      build.string(), include, fmt::format("-DDIGLIM_RPM_LIBRARIES={};{}", library.librpm.string(), library.librpmio.string())},
                              options));
    TRY_VOID(write_file(build / "configured", include));
  }
  (void)TRY(processes.check(Command{"ninja", "-C", build.string(), "rpm_programs_of_guests"}, options), fmt::format("building the rpm plugin for {}", suite));
  return RpmPrograms{.build = build / "rpm-plugin", .plugins = library.plugins};
}

}  // namespace diglab
