// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace diglim {

/// Of IMA's default algorithm in our kernels: what a list that is uploaded as a buffer is known by.
[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace diglim
