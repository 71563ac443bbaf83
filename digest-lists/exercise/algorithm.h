// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace diglim {

/// One of enum hash_algo (linux/hash_info.h).
struct Algorithm {
  std::uint16_t number;
  std::string_view name;  ///< As the kernel writes it; "sha3-256" has a dash.
  std::size_t size;       ///< Of a digest, in bytes.
};

/// All of Linux 6.12, by number.
[[nodiscard]] std::span<const Algorithm> algorithms();
/// Null for a number that Linux 6.12 does not know.
[[nodiscard]] const Algorithm* algorithm(std::uint16_t number);

[[nodiscard]] std::string to_hex(std::string_view bytes);
/// Of IMA's default algorithm in our kernels: what a list that is uploaded as a buffer is known by.
[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace diglim
