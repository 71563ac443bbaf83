// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace diglim::tool {

/// What a file with this status could be executed as: "program", "library", "module" (of the kernel) or "script"; empty: as nothing.
[[nodiscard]] std::string kind_of_executable(const std::filesystem::path& file, const struct ::stat& status);

}  // namespace diglim::tool
