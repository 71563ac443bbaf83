// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "format/algorithm.h"
#include "tool/result.h"

namespace diglim::tool {

/// A digest and what it was made with.
struct Digest {
  const Algorithm* algorithm = nullptr;  ///< Never null.
  std::string bytes;                     ///< Raw.

  auto operator<=>(const Digest&) const = default;
  /// "sha256-0123...", as the kernel writes it.
  [[nodiscard]] std::string to_string() const;
};

/// What IMA calculates if nothing else was asked for.
[[nodiscard]] const Algorithm& default_algorithm();
/// ErrorKind::bad_input with those that there are.
Result<const Algorithm*> algorithm_called(std::string_view name);

/// Reads "sha256-...", "sha256:...", or hexadecimal digits alone, of which the number tells the SHA-2 (or SHA-1, or MD5) algorithm.
/// Nothing for text that is no digest.
[[nodiscard]] std::optional<Digest> parse_digest(std::string_view text);

/// ErrorKind::bad_input for an algorithm that OpenSSL does not have.
Result<Digest> digest_of(std::string_view content, const Algorithm& algorithm);
/// Of a regular file. ErrorKind::bad_input for anything else; ::infra if it cannot be read, or if somebody changes it meanwhile.
Result<Digest> digest_of_file(const std::filesystem::path& path, const Algorithm& algorithm);

}  // namespace diglim::tool
