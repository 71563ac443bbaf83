// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/compact.h"

namespace diglim {
namespace {

template <typename Number>
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

template <typename Number>
Number get(std::string_view bytes) {
  Number number = 0;
  for (std::size_t i = sizeof number; i-- > 0;) number = static_cast<Number>(number << 8 | static_cast<unsigned char>(bytes[i]));
  return number;
}

}  // namespace

std::string encode(const std::vector<Block>& blocks) {
  std::string out;
  for (const Block& block : blocks) {
    std::string data;
    for (const std::string& digest : block.digests) data += digest;
    out += '\1';
    out += '\0';
    put(out, block.type);
    put(out, block.modifiers);
    put(out, block.algorithm);
    put(out, static_cast<std::uint32_t>(block.digests.size()));
    put(out, static_cast<std::uint32_t>(data.size()));
    out += data;
  }
  return out;
}

std::optional<std::vector<Block>> decode(std::string_view list) {
  std::vector<Block> blocks;
  while (!list.empty()) {
    if (list.size() < header_size || list[0] != 1 || list[1] != 0) return std::nullopt;
    Block block{.type = get<std::uint16_t>(list.substr(2)), .modifiers = get<std::uint16_t>(list.substr(4)),
                .algorithm = get<std::uint16_t>(list.substr(6)), .digests = {}};
    const std::uint64_t count = get<std::uint32_t>(list.substr(8));
    const std::uint64_t length = get<std::uint32_t>(list.substr(12));
    list.remove_prefix(header_size);
    const Algorithm* algo = algorithm(block.algorithm);
    if (block.type >= digest_list || algo == nullptr || length != count * algo->size || length > list.size()) return std::nullopt;
    for (std::uint64_t i = 0; i < count; ++i) block.digests.emplace_back(list.substr(i * algo->size, algo->size));
    list.remove_prefix(length);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace diglim
