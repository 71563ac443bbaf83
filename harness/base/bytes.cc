// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"

#include <fmt/format.h>

namespace diglab {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return fail(ErrorKind::bad_input, fmt::format("odd number of hexadecimal digits ({})", text.size()));
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = digit_value(text[i]);
    int low = digit_value(text[i + 1]);
    if (high < 0 || low < 0)
      return fail(ErrorKind::bad_input, fmt::format("not a hexadecimal digit at position {}", high < 0 ? i : i + 1));
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

Result<ByteView> ByteReader::take(std::size_t count, std::string_view what) {
  if (count > remaining())
    return fail(ErrorKind::bad_input, fmt::format("offset {}: {} needs {} bytes, {} are left", offset_, what, count, remaining()));
  ByteView part = bytes_.subspan(offset_, count);
  offset_ += count;
  return part;
}

Result<std::uint64_t> ByteReader::integer(std::size_t size, bool big_endian, std::string_view what) {
  ByteView raw = TRY(take(size, what));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | raw[big_endian ? i : size - 1 - i];
  return value;
}

Result<std::uint8_t> ByteReader::u8(std::string_view what) {
  return static_cast<std::uint8_t>(TRY(integer(1, false, what)));
}
Result<std::uint16_t> ByteReader::le16(std::string_view what) {
  return static_cast<std::uint16_t>(TRY(integer(2, false, what)));
}
Result<std::uint32_t> ByteReader::le32(std::string_view what) {
  return static_cast<std::uint32_t>(TRY(integer(4, false, what)));
}
Result<std::uint32_t> ByteReader::be32(std::string_view what) {
  return static_cast<std::uint32_t>(TRY(integer(4, true, what)));
}

}  // namespace diglab
