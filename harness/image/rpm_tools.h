// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "os/command.h"
#include "base/result.h"

namespace diglab {

/// `words` as a command that reads its RPM macros from `home` (write_rpm_macros) instead of the user's home, with
/// the clock, the language and the time zone of an image.
[[nodiscard]] Command rpm_tool(std::initializer_list<std::string> words, const std::filesystem::path& home);

/// <home>/.rpmmacros: reproducible builds without post-processing, the database at /var/lib/rpm, no host plugins, and `more`.
Result<void> write_rpm_macros(const std::filesystem::path& home, const std::map<std::string, std::string>& more);

}  // namespace diglab
