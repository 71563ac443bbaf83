// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/kernel_number.h"

#include <charconv>
#include <limits>

namespace diglab {

std::optional<std::uint64_t> kernel_unsigned(std::string_view text, int base) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (base == 16 && (text.starts_with("0x") || text.starts_with("0X"))) text.remove_prefix(2);
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::uint64_t value = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> kernel_int(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative) {
    text.remove_prefix(1);
    if (text.starts_with('+')) return std::nullopt;
  }
  auto value = kernel_unsigned(text, 10);
  auto limit = static_cast<std::uint64_t>(std::numeric_limits<int>::max()) + (negative ? 1U : 0U);
  if (!value || *value > limit) return std::nullopt;
  auto wide = static_cast<std::int64_t>(*value);
  return static_cast<int>(negative ? -wide : wide);
}

}  // namespace diglab
