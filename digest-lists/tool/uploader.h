// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <set>
#include <span>
#include <string>

#include "tool/list.h"

namespace diglim::tool {

/// The kernel must know the program that converts lists of other formats before it has any of these, by `lists` in its own: as a file, which
/// it executes, and as a parser, whose uploads count. Returns the types under which they have none of `digests`, which are the program's by the
/// algorithms that count.
[[nodiscard]] std::set<Type> uploader_lacks(std::span<const Digest> digests, std::span<const List> lists);

/// "parser and file"
[[nodiscard]] std::string to_string(const std::set<Type>& types);

}  // namespace diglim::tool
