// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace diglim {

using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
[[nodiscard]] inline std::string_view text_of(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The number that starts at `offset`; the caller knows that all of it is there.
template <std::unsigned_integral Number>
[[nodiscard]] Number load(ByteView bytes, std::size_t offset, std::endian order) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return order == std::endian::native ? number : std::byteswap(number);
}
template <std::unsigned_integral Number>
[[nodiscard]] Number load_le(ByteView bytes, std::size_t offset) {
  return load<Number>(bytes, offset, std::endian::little);
}
template <std::unsigned_integral Number>
[[nodiscard]] Number load_be(ByteView bytes, std::size_t offset) {
  return load<Number>(bytes, offset, std::endian::big);
}

template <std::unsigned_integral Number>
void store(std::uint8_t* to, Number number, std::endian order) {
  if (order != std::endian::native) number = std::byteswap(number);
  std::memcpy(to, &number, sizeof number);
}

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] inline std::string to_hex(std::string_view bytes) { return to_hex(bytes_of(bytes)); }

/// Writes text.size() / 2 bytes to `to`; both cases are digits. Returns the position of the first character that is none, or
/// text.size(): a last single digit stays unread.
std::size_t from_hex(std::string_view text, std::uint8_t* to);

}  // namespace diglim
