// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace diglab {

/// The kernel's parameters in an entry of the boot loader specification: all its lines `options`, joined by blanks.
[[nodiscard]] std::string entry_options(std::string_view entry);

}  // namespace diglab
