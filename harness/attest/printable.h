// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace diglab {

/// Text of unknown origin, safe to show: control characters, the backslash and bytes above ASCII become "\xNN", as logs
/// and paths from another machine could otherwise drive the terminal. At most `limit` characters, then "...".
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace diglab
