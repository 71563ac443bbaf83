// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "format/algorithm.h"
#include "format/bytes.h"

namespace diglim {

/// Hexadecimal; empty if librpm does not know the algorithm.
[[nodiscard]] std::string digest_of(ByteView bytes, const Algorithm& algorithm);

/// Of a regular file of this size. Empty, too, if there is none, or it cannot be read.
[[nodiscard]] std::string digest_of_file(const std::string& path, std::uint64_t size, const Algorithm& algorithm);

}  // namespace diglim
