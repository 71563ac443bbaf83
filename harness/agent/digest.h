// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

namespace diglab::agent {

/// SHA-256 of everything a descriptor can read, in hexadecimal; its offset is not moved. Nothing when it cannot be read.
[[nodiscard]] std::optional<std::string> sha256_of_descriptor(int fd);
/// The same for a path, which is opened for it.
[[nodiscard]] std::optional<std::string> sha256_of_path(const std::string& path);

}  // namespace diglab::agent
