// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace diglab {

/// The checkout that the program was built from, for tests and benchmarks that read its files. Kept out of every other object: a compiler
/// cache then serves all checkouts.
[[nodiscard]] std::filesystem::path source_directory();

}  // namespace diglab
