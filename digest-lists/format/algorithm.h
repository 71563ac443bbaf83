// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace diglim {

/// One of enum hash_algo (linux/hash_info.h).
struct Algorithm {
  std::uint16_t number;
  std::string_view name;  ///< As the kernel writes it; "sha3-256" has a dash.
  std::size_t size;       ///< Of a digest, in bytes.
};

/// Of the largest digest, in bytes.
inline constexpr std::size_t max_digest_size = 64;

/// All of Linux 6.12, by number.
[[nodiscard]] std::span<const Algorithm> algorithms();
/// Null for a number that Linux 6.12 does not know.
[[nodiscard]] const Algorithm* algorithm(std::uint16_t number);
/// Null for a name that it does not know.
[[nodiscard]] const Algorithm* algorithm_named(std::string_view name);
/// By the number that OpenPGP gives it (RFC 9580, 9.5), which RPM headers use too. Null for one that the kernel does not know.
[[nodiscard]] const Algorithm* algorithm_of_pgp(std::uint32_t number);

}  // namespace diglim
