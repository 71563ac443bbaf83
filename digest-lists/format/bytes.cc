// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/bytes.h"

#include <array>

namespace diglim {
namespace {

constexpr std::uint8_t no_digit = 0xff;

constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::uint8_t i = 0; i < 10; ++i) values['0' + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<std::uint8_t>(10 + i);
  return values;
}();

}  // namespace

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::size_t from_hex(std::string_view text, std::uint8_t* to) {
  const auto value = [&](std::size_t i) { return digit_values[static_cast<std::uint8_t>(text[i])]; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const std::uint8_t high = value(i), low = value(i + 1);
    if ((high | low) > 15) return high > 15 ? i : i + 1;
    *to++ = static_cast<std::uint8_t>(high << 4 | low);
  }
  return text.size();
}

}  // namespace diglim
