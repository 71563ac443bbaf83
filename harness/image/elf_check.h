// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace diglab {

/// Every program and library below `root` that asks for a library or an interpreter that is not there, as
/// "/usr/bin/x needs liby.so.1". Looks where the dynamic linker looks without a cache: the run path, then the standard directories.
Result<std::vector<std::string>> missing_libraries(const std::filesystem::path& root);

/// Whether `path` (absolute, in the guest) leads to something below `root`; links are followed inside `root`.
[[nodiscard]] bool exists_in(const std::filesystem::path& root, const std::filesystem::path& path);

}  // namespace diglab
