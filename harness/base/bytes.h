// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace diglab {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Lower-case hexadecimal, two digits per byte, no separator.
[[nodiscard]] std::string to_hex(ByteView bytes);

/// The inverse of to_hex; accepts both cases. ErrorKind::bad_input for an odd length or a foreign character.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

[[nodiscard]] inline ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads untrusted bytes from front to back. Never reads past the end, never allocates:
/// a length that does not fit is ErrorKind::bad_input with the offset at which it was needed.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - offset_; }
  [[nodiscard]] bool at_end() const { return remaining() == 0; }

  /// The next `count` bytes; `what` names the field in the error.
  Result<ByteView> take(std::size_t count, std::string_view what);
  Result<std::uint8_t> u8(std::string_view what);
  Result<std::uint16_t> le16(std::string_view what);
  Result<std::uint32_t> le32(std::string_view what);
  Result<std::uint32_t> be32(std::string_view what);

 private:
  Result<std::uint64_t> integer(std::size_t size, bool big_endian, std::string_view what);

  ByteView bytes_;
  std::size_t offset_ = 0;
};

}  // namespace diglab
