// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/database.h"

#include <fmt/format.h>

namespace diglim::tool {

diglab::Result<diglab::PackageSet> installed_packages(const Root& root) {
  namespace fs = std::filesystem;
  for (const char* place : {"/usr/lib/sysimage/rpm", "/var/lib/rpm"}) {
    const auto directory = root(place);
    std::error_code error;
    for (const char* file : {"rpmdb.sqlite", "Packages.db", "Packages"})
      if (fs::exists(directory / file, error)) return diglab::PackageSet::from_database("/", directory.string());
  }
  return diglab::fail(diglab::ErrorKind::bad_input,
                      fmt::format("{}: no RPM database in /usr/lib/sysimage/rpm or /var/lib/rpm", root.directory().string()));
}

}  // namespace diglim::tool
