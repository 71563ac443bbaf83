// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace diglab {

/// The hash algorithms of the PCR banks that TPMs ship with.
enum class HashAlgorithm { sha1, sha256, sha384, sha512 };

inline constexpr std::array all_hash_algorithms{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384,
                                                HashAlgorithm::sha512};

/// As Linux and tpm2-tools write it: "sha256".
[[nodiscard]] std::string_view name_of(HashAlgorithm algorithm);
[[nodiscard]] std::size_t digest_size(HashAlgorithm algorithm);

[[nodiscard]] std::optional<HashAlgorithm> hash_algorithm_named(std::string_view name);
/// By its TPM2_ALG_ID, e.g. 0x000b for SHA-256.
[[nodiscard]] std::optional<HashAlgorithm> hash_algorithm_with_tpm_id(std::uint16_t id);

/// Each of the four has its own digest size.
[[nodiscard]] std::optional<HashAlgorithm> hash_algorithm_of_size(std::size_t size);

/// The digest of the concatenation of `parts`.
[[nodiscard]] Bytes hash(HashAlgorithm algorithm, std::initializer_list<ByteView> parts);

/// What TPM2_PCR_Extend does to one PCR: hash(pcr || digest).
[[nodiscard]] Bytes extend(HashAlgorithm algorithm, ByteView pcr, ByteView digest);

}  // namespace diglab
