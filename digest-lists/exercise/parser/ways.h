// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace diglim {

/// How hex_parser comes by the bytes of a list, and what it does before it uploads that list. Scenarios compare them: the kernel has to
/// know of each what the list is worth then.
struct Way {
  std::string_view name;
  /// The bytes of the list, or nothing and `errno`. Only some read `file`; for the others it only names the list.
  std::optional<std::string> (*read)(const char* file);
  /// Returns 0 in the process that is to go on, or an errno's value. May end the process.
  int (*then)();
};

/// The way of that name; the empty name is the usual one. nullptr if there is none.
const Way* find_way(std::string_view name);

/// All bytes that can be read from a descriptor, or nothing and `errno`.
std::optional<std::string> read_all_of(int descriptor);

}  // namespace diglim
