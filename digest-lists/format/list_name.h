// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string_view>

namespace diglim {

/// What the name of a list's file says: <number>-<type>_list-<format>-<name>. Parts of the name that was read.
struct ListName {
  std::string_view type;    ///< "file", "parser", "metadata", ...
  std::string_view format;  ///< "compact", "rpm", ...
};

/// Nothing for a name that the kernel does not take for a list's.
[[nodiscard]] std::optional<ListName> read_list_name(std::string_view name);

/// Whether the kernel would load the list of the name `a` before that of the name `b`: by the number in front, then by the rest, in
/// which numbers count as such.
[[nodiscard]] bool loads_before(std::string_view a, std::string_view b);

}  // namespace diglim
