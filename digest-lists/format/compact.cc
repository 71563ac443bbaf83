// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/compact.h"

namespace diglim {
namespace {

std::string count_text(std::uint64_t count, const char* what) { return std::to_string(count) + " " + what; }

/// What openEuler calls the type of that number.
const char* openeuler_type(unsigned number) {
  constexpr const char* names[] = {"key", "parser", "file", "metadata"};
  return names[number];
}

/// Whether the header makes sense when its numbers are taken for big-endian.
bool is_big_endian(ByteView header) {
  const Algorithm* algo = algorithm(load_be<std::uint16_t>(header, 6));
  return load_be<std::uint16_t>(header, 2) <= digest_list && algo != nullptr &&
         load_be<std::uint32_t>(header, 12) == std::uint64_t{load_be<std::uint32_t>(header, 8)} * algo->size;
}

}  // namespace

std::string_view to_string(Type type) {
  constexpr std::string_view names[] = {"parser", "file", "metadata", "digest_list"};
  return names[type];
}

Result<std::optional<BlockView>> CompactReader::next() {
  const std::size_t left = list_.size() - offset_;
  if (left == 0) return std::optional<BlockView>{};
  if (left < header_size) return refuse(offset_, "a header of 16 bytes, or the end of the list", count_text(left, "bytes"));
  const ByteView header = list_.subspan(offset_, header_size);
  if (header[0] != 1) return refuse(offset_, "version 1", "version " + std::to_string(header[0]));
  if (header[1] != 0) return refuse(offset_ + 1, "a reserved byte of 0", std::to_string(header[1]));
  const auto type = load_le<std::uint16_t>(header, 2);
  if (type > digest_list && is_big_endian(header))
    return refuse(offset_ + 2, "little-endian numbers", "a list in big-endian byte order");
  if (type == digest_list || (named_ && type == *named_ + 1))
    return refuse(offset_ + 2, named_ ? "type " + std::to_string(*named_) + " (" + std::string(to_string(*named_)) + ")" : "type 0, 1 or 2",
                  "type " + std::to_string(type) + ": in openEuler's numbering of types this is " + openeuler_type(type) + ", generate the list anew");
  if (type > digest_list) return refuse(offset_ + 2, "type 0 (parser), 1 (file) or 2 (metadata)", "type " + std::to_string(type));
  const auto algo_number = load_le<std::uint16_t>(header, 6);
  const Algorithm* algo = algorithm(algo_number);
  if (algo == nullptr)
    return refuse(offset_ + 6, "an algorithm below " + std::to_string(algorithms().size()), std::to_string(algo_number));
  const auto count = load_le<std::uint32_t>(header, 8);
  const auto length = load_le<std::uint32_t>(header, 12);
  if (length != std::uint64_t{count} * algo->size)
    return refuse(offset_ + 12, count_text(std::uint64_t{count} * algo->size, "bytes of digests"), std::to_string(length));
  if (length > left - header_size)
    return refuse(offset_ + header_size, count_text(length, "bytes of digests"), count_text(left - header_size, "bytes until the end"));
  const BlockView block{.type = static_cast<Type>(type), .modifiers = load_le<std::uint16_t>(header, 4), .algorithm = algo, .count = count,
                        .digests = list_.subspan(offset_ + header_size, length)};
  offset_ += header_size + length;
  return block;
}

void store_block_header(std::uint8_t* to, std::uint16_t type, std::uint16_t modifiers, const Algorithm& algorithm, std::uint32_t count) {
  to[0] = 1;
  to[1] = 0;
  store(to + 2, type, std::endian::little);
  store(to + 4, modifiers, std::endian::little);
  store(to + 6, algorithm.number, std::endian::little);
  store(to + 8, count, std::endian::little);
  store(to + 12, static_cast<std::uint32_t>(count * algorithm.size), std::endian::little);
}

std::string encode(const std::vector<Block>& blocks) {
  std::string out;
  for (const Block& block : blocks) {
    std::uint8_t header[header_size];
    store_block_header(header, block.type, block.modifiers, *algorithm(block.algorithm), static_cast<std::uint32_t>(block.digests.size()));
    out += text_of(header);
    for (const std::string& digest : block.digests) out += digest;
  }
  return out;
}

Result<std::vector<Block>> decode(std::string_view list) {
  std::vector<Block> blocks;
  CompactReader reader(bytes_of(list));
  for (;;) {
    const auto view = reader.next();
    if (!view) return std::unexpected(view.error());
    if (!*view) return blocks;
    Block block{.type = (*view)->type, .modifiers = (*view)->modifiers, .algorithm = (*view)->algorithm->number, .digests = {}};
    for (std::size_t i = 0; i < (*view)->count; ++i) block.digests.emplace_back(text_of((*view)->digest(i)));
    blocks.push_back(std::move(block));
  }
}

}  // namespace diglim
