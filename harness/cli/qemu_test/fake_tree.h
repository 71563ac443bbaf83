// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace diglab {

/// Writes what looks like a kernel's source tree, is configured at once, and runs `recipe` (a line for the shell) as its compiler.
void make_fake_tree(const std::filesystem::path& tree, const std::string& recipe);

}  // namespace diglab
