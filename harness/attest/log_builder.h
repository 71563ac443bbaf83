// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "attest/ima_log.h"

namespace diglab {

/// An entry as the kernel would make it, with its template digest. `fields` are the contents in the template's order;
/// for the legacy template a digest of 20 bytes and the name without NUL.
[[nodiscard]] ImaEntry make_entry(std::uint32_t pcr, std::string template_name, const std::vector<Bytes>& fields,
                                  ByteOrder byte_order = ByteOrder::little,
                                  HashAlgorithm log_digest = HashAlgorithm::sha1);

/// An ima-ng entry for a file: what a measurement of these bytes at that path would log. For predictions.
[[nodiscard]] ImaEntry make_ima_ng_entry(std::uint32_t pcr, std::string_view algorithm, ByteView file_digest,
                                         std::string_view path);

/// Content of d-ng: "sha256:" NUL digest. `tag` is "sha256" or, for d-ngv2, "ima:sha256" or "verity:sha256".
[[nodiscard]] Bytes tagged_digest_field(std::string_view tag, ByteView digest);
/// Content of n-ng: the path with its NUL, spaces replaced as the kernel does.
[[nodiscard]] Bytes name_field(std::string_view path);

/// The entry as a violation: the same with a template digest of zeros.
[[nodiscard]] ImaEntry as_violation(ImaEntry entry);

}  // namespace diglab
