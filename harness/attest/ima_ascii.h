// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "attest/ima_log.h"

namespace diglab {

/// Parses ascii_runtime_measurements or one of its per-bank siblings, rebuilding the hashed template data.
///
/// ErrorKind::bad_input with line and entry number. The text form loses information in three cases, and then an entry
/// comes out different from the binary one and fails its own digest check: a name that holds a newline (an error if the
/// rest of the line no longer parses), bytes after a NUL in a string field (xattrnames holds none in practice), and an
/// integer field of a width other than today's. The byte order of integers is not written either: little is
/// assumed, and big where only that gives the entry's digest.
Result<ImaLog> parse_ascii_log(std::string_view text);

/// The line that the kernel prints for an entry, with its newline.
[[nodiscard]] std::string to_ascii(const ImaEntry& entry, ByteOrder byte_order = ByteOrder::little);
[[nodiscard]] std::string to_ascii(const ImaLog& log);

/// Where two forms of one list part.
struct FormDifference {
  std::size_t entry = 0;     ///< Index of the first entry that differs.
  std::size_t line = 0;      ///< Line of the ASCII form, from 1.
  bool only_longer = false;  ///< One form merely goes on where the other ends, as when it was read later.
  std::string detail;        ///< What one has and the other has not.
};

/// Compares a binary log with the ASCII log taken from the same machine by printing the former as the kernel does, so
/// that nothing which the text cannot tell apart goes unnoticed. Empty: they agree entry by entry.
[[nodiscard]] std::optional<FormDifference> compare_forms(const ImaLog& binary, std::string_view ascii);

/// Parses either form: an ASCII log starts with a decimal PCR number and a space, a binary one never does.
Result<ImaLog> parse_log(ByteView bytes);

}  // namespace diglab
