// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace diglab {

/// Any text as the content of an element or of a quoted attribute: the guest's output, too, which may be hostile.
[[nodiscard]] std::string html(std::string_view text);

/// The same, cut to about `limit` bytes, with a note that says how much is missing.
[[nodiscard]] std::string html_cut(std::string_view text, std::size_t limit);

/// A relative link to a file beside the report; whatever the path, it cannot leave for another scheme or host.
[[nodiscard]] std::string html_link(std::string_view path);

/// A name usable as an id and in a fragment: "measure-log-replays".
[[nodiscard]] std::string html_id(std::string_view text);

}  // namespace diglab
