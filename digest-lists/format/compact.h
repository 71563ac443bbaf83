// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/algorithm.h"
#include "format/bytes.h"
#include "format/format_error.h"

namespace diglim {

/// The kernel's own format, as include/uapi/linux/diglim.h of kernel-patches/ defines it: blocks with nothing around them, each
/// a header of 16 bytes, little-endian, and as many raw digests as it says.
///
///     0 version (1)   1 reserved (0)   2 type   4 modifiers   6 algorithm   8 count of digests   12 their length in bytes
inline constexpr std::size_t header_size = 16;

/// What the digests of a block are of. The kernel keeps digest_list for itself.
enum Type : std::uint16_t { parser = 0, file = 1, metadata = 2, digest_list = 3 };
[[nodiscard]] std::string_view to_string(Type type);

/// The one modifier that is defined: content that is not to be modified.
inline constexpr std::uint16_t immutable = 1;

/// One block of a list that was read.
struct BlockView {
  Type type = file;
  std::uint16_t modifiers = 0;           ///< Bits without a meaning are not refused.
  const Algorithm* algorithm = nullptr;  ///< Never null.
  std::uint32_t count = 0;
  ByteView digests;                      ///< count * algorithm->size bytes

  [[nodiscard]] ByteView digest(std::size_t i) const { return digests.subspan(i * algorithm->size, algorithm->size); }
};

/// Reads a list block by block, and refuses what the kernel must refuse: written from the format's description, it shares no
/// code with the kernel.
///
/// With `named`, the type that the name of the list says, a list of openEuler's tools is recognised: they number the types from
/// 1 (0 is a key), so that their files would be taken for metadata. The error then says so.
class CompactReader {
 public:
  explicit CompactReader(ByteView list, std::optional<Type> named = std::nullopt) : list_(list), named_(named) {}

  /// Nothing: the list ended where a block ended.
  Result<std::optional<BlockView>> next();

 private:
  ByteView list_;
  std::optional<Type> named_;
  std::size_t offset_ = 0;
};

/// Writes the header of a block: header_size bytes to `to`. Which digests of the algorithm come next, and so many, is up to the caller.
void store_block_header(std::uint8_t* to, std::uint16_t type, std::uint16_t modifiers, const Algorithm& algorithm, std::uint32_t count);

/// A block that owns its digests, for programs that make or change lists.
struct Block {
  std::uint16_t type = file;
  std::uint16_t modifiers = 0;
  std::uint16_t algorithm = 4;
  std::vector<std::string> digests;  ///< Raw, each as long as the algorithm says.
};

/// The caller answers for the algorithms, and for the lengths of the digests.
[[nodiscard]] std::string encode(const std::vector<Block>& blocks);
/// All blocks of a list, copied.
[[nodiscard]] Result<std::vector<Block>> decode(std::string_view list);

}  // namespace diglim
