// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace diglab {

/// Whether every byte belongs to a well-formed UTF-8 character (no overlong forms, no surrogates).
[[nodiscard]] bool is_utf8(std::string_view text);

/// Text of the guest, harmless to a terminal, an XML parser and a browser: what is no UTF-8 becomes U+FFFD, control
/// characters but newline and tab become their visible pictures (U+2400...), carriage returns before a newline are
/// dropped.
[[nodiscard]] std::string safe_text(std::string_view text);

/// The same on one line: newlines and tabs become spaces, and it is cut to `limit` characters with an ellipsis.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 160);

}  // namespace diglab
