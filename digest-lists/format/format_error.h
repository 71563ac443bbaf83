// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace diglim {

/// Why bytes are not what they were taken for.
struct FormatError {
  std::size_t offset = 0;  ///< Of the first byte that is wrong, in what the reader was given.
  std::string expected;
  std::string found;

  /// "offset 16: expected ..., found ...", in one line.
  [[nodiscard]] std::string to_string() const {
    return "offset " + std::to_string(offset) + ": expected " + expected + ", found " + found;
  }
};

/// No reader throws, none reads outside of what it was given, and none keeps a copy of it: what they return refers to it.
template <typename T>
using Result = std::expected<T, FormatError>;

[[nodiscard]] inline std::unexpected<FormatError> refuse(std::size_t offset, std::string expected, std::string found) {
  return std::unexpected(FormatError{offset, std::move(expected), std::move(found)});
}

}  // namespace diglim
