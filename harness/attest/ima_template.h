// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// How the kernel prints a template field in the ASCII log (security/integrity/ima/ima_template_lib.c).
enum class FieldFormat {
  digest,         ///< "d": bare bytes, printed in hexadecimal.
  tagged_digest,  ///< "d-ng", "d-ngv2", "d-modsig": "[type:]algorithm:" NUL digest.
  string,         ///< NUL-terminated text; spaces were replaced by '_' when it was made.
  hex,            ///< Any bytes in hexadecimal.
  uint,           ///< 2, 4 or 8 bytes in the byte order of the machine that wrote the log, in decimal.
  unknown,        ///< A field this program has not heard of; taken as hex.
};

[[nodiscard]] FieldFormat format_of_field(std::string_view field);

/// Bytes of a `uint` field: 2 for imode, 4 for iuid and igid.
[[nodiscard]] std::size_t size_of_uint_field(std::string_view field);

/// The field names of a template, in order: of a known name ("ima-sig"), or of a custom format, whose name in a log is
/// the format itself ("d-ng|n-ng|iuid"). Empty for a name that is neither.
[[nodiscard]] std::optional<std::vector<std::string>> fields_of_template(std::string_view template_name);

/// Whether a log may hold this name: 1 to 256 printable characters without space.
[[nodiscard]] bool is_template_name(std::string_view name);
inline constexpr std::size_t longest_template_name = 256;

/// The legacy template, whose layout and hash follow other rules than all the rest: a digest of fixed size, and a name
/// that is hashed with padding (IMA_EVENT_NAME_LEN_MAX + 1).
inline constexpr std::string_view legacy_template = "ima";
inline constexpr std::size_t legacy_digest_size = 20;
inline constexpr std::size_t legacy_name_size = 256;

/// What a policy rule's pcr= may be at most.
inline constexpr std::uint32_t highest_ima_pcr = 63;

}  // namespace diglab
