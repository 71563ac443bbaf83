// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/compact.h"

#include <gtest/gtest.h>

namespace diglim {
namespace {

const std::string digest_a(32, 'a'), digest_b(32, 'b');

std::string why_refused(std::string_view list, std::optional<Type> named = std::nullopt) {
  CompactReader reader(bytes_of(list), named);
  for (;;) {
    const auto block = reader.next();
    if (!block) return block.error().to_string();
    if (!*block) return "accepted";
  }
}

std::string with(std::string list, std::size_t offset, char value) {
  list[offset] = value;
  return list;
}

TEST(CompactList, comes_back_as_it_went) {
  const std::vector<Block> blocks = {{.type = file, .modifiers = 1, .algorithm = 4, .digests = {digest_a, digest_b}}, {.type = parser, .modifiers = 0, .algorithm = 2, .digests = {}}};
  const auto list = encode(blocks);
  EXPECT_EQ(list.size(), 16u + 64 + 16);
  const auto back = decode(list);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->at(0).digests, blocks[0].digests);
  EXPECT_TRUE(decode("")) << "a list of no block";
}

TEST(CompactList, that_is_cut_anywhere_but_between_blocks_is_refused) {
  const auto list = encode({{.digests = {digest_a}}, {.digests = {digest_b}}});
  for (std::size_t size = 1; size < list.size(); ++size) EXPECT_EQ(decode(list.substr(0, size)).has_value(), size == 48) << size;
}

TEST(CompactList, of_the_kernels_own_type_or_unknown_things_is_refused) {
  EXPECT_FALSE(decode(encode({{.type = digest_list, .digests = {}}})));
  auto list = encode({{.digests = {}}});
  for (const auto& [offset, value] : {std::pair{0, 2}, {1, 1}, {6, 23}, {8, 1}, {12, 1}}) {
    auto wrong = list;
    wrong[static_cast<std::size_t>(offset)] = static_cast<char>(value);
    EXPECT_FALSE(decode(wrong)) << offset;
  }
  list[4] = '\x7f';
  EXPECT_TRUE(decode(list)) << "unknown modifiers are not refused";
}

TEST(CompactList, has_a_header_of_sixteen_bytes_before_the_digests) {
  EXPECT_EQ(to_hex(encode({{.type = file, .modifiers = immutable, .algorithm = 4, .digests = {digest_a, digest_b}}})),
            "0100" "0100" "0100" "0400" "02000000" "40000000" + to_hex(digest_a + digest_b));
}

TEST(CompactList, holds_digests_of_every_algorithm_also_of_those_with_a_dash) {
  for (const Algorithm& algo : algorithms()) {
    const auto list = encode({{.algorithm = algo.number, .digests = {std::string(algo.size, 'x')}}});
    CompactReader reader(bytes_of(list));
    const auto block = reader.next();
    ASSERT_TRUE(block) << algo.name << ": " << block.error().to_string();
    EXPECT_EQ((*block)->algorithm, &algo);
    EXPECT_EQ((*block)->digest(0).size(), algo.size);
    EXPECT_EQ(algorithm_named(algo.name), &algo);
  }
  EXPECT_EQ(algorithm_named("sha3-256")->size, 32u);
  EXPECT_EQ(algorithm_named("sha3"), nullptr);
}

TEST(CompactList, that_is_wrong_is_refused_with_the_place_and_what_should_be_there) {
  const auto list = encode({{.digests = {digest_a}}});
  EXPECT_EQ(why_refused(list + "x"), "offset 48: expected a header of 16 bytes, or the end of the list, found 1 bytes");
  EXPECT_EQ(why_refused(with(list, 0, 2)), "offset 0: expected version 1, found version 2");
  EXPECT_EQ(why_refused(with(list, 1, 7)), "offset 1: expected a reserved byte of 0, found 7");
  EXPECT_EQ(why_refused(with(list, 2, 9)), "offset 2: expected type 0 (parser), 1 (file) or 2 (metadata), found type 9");
  EXPECT_EQ(why_refused(with(list, 6, 23)), "offset 6: expected an algorithm below 23, found 23");
  EXPECT_EQ(why_refused(with(list, 8, 2)), "offset 12: expected 64 bytes of digests, found 32");
  EXPECT_EQ(why_refused(list.substr(0, 40)), "offset 16: expected 32 bytes of digests, found 24 bytes until the end");
  auto overflow = with(with(list, 11, '\x08'), 8, 0);  // 0x08000000 digests of 32 bytes: 2^32 bytes
  for (const std::size_t i : {12u, 13u, 14u, 15u}) overflow[i] = 0;
  EXPECT_EQ(why_refused(overflow), "offset 12: expected 4294967296 bytes of digests, found 0");
}

TEST(CompactList, of_openeuler_is_told_from_ours) {
  const auto list_of = [](std::uint16_t type) { return encode({{.type = type, .digests = {digest_a}}}); };
  EXPECT_EQ(why_refused(list_of(2), file),
            "offset 2: expected type 1 (file), found type 2: in openEuler's numbering of types this is file, generate the list anew");
  EXPECT_NE(why_refused(list_of(1), parser).find("this is parser"), std::string::npos);
  EXPECT_NE(why_refused(list_of(3), metadata).find("this is metadata"), std::string::npos);
  EXPECT_NE(why_refused(list_of(3)).find("openEuler"), std::string::npos) << "even without a name";
  EXPECT_EQ(why_refused(list_of(1), file), "accepted");
  EXPECT_EQ(why_refused(list_of(2)), "accepted") << "metadata, for all that can be known";
}

TEST(CompactList, in_the_byte_order_of_another_machine_is_named) {
  const std::string list = std::string("\1\0\0\1\0\0\0\4\0\0\0\1\0\0\0\x20", 16) + digest_a;
  EXPECT_EQ(why_refused(list), "offset 2: expected little-endian numbers, found a list in big-endian byte order");
}

}  // namespace
}  // namespace diglim
