// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "os/process.h"

namespace diglab {

/// librpm of a suite of Debian, to compile and link against; nothing of it can be run here.
struct RpmLibrary {
  std::filesystem::path headers;  ///< Has rpm/rpmts.h.
  std::filesystem::path librpm, librpmio;
  std::filesystem::path plugins;  ///< Where it looks for them, in the guest.
};

/// Where Debian's rpm 4.18 has its plugins, which does not say so.
inline constexpr std::string_view rpm_plugins_4_18 = "/usr/lib64/rpm-plugins";

/// From the archive, by way of <cache>/apt/<suite>; the same until the archive has another one and was asked again.
/// ErrorKind::bad_input for a suite that is none, or that has no librpm-dev.
Result<RpmLibrary> provide_rpm_library(const std::filesystem::path& cache, const std::string& suite, Processes& processes, const Deadline& deadline);

}  // namespace diglab
