// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace diglab {

/// A number as the kernel's kstrtoul(text, base) reads it on a 64-bit machine: a '+' and, for base 16, "0x" are allowed
/// in front, a newline behind; nothing else. Nothing when the kernel would refuse it.
[[nodiscard]] std::optional<std::uint64_t> kernel_unsigned(std::string_view text, int base);

/// The same for kstrtoint(text, 10): a '-' is allowed too.
[[nodiscard]] std::optional<int> kernel_int(std::string_view text);

}  // namespace diglab
