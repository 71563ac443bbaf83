// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/model.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "exercise/rounds.h"

namespace diglim {
namespace {

const std::string digest_a(32, 'a'), digest_b(32, 'b');

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

TEST(TheModel, counts_references_and_tells_them_in_order) {
  Model model(1);
  const auto first = encode({{.digests = {digest_a, digest_a}}});
  const auto second = encode({{.modifiers = 1, .digests = {digest_b, digest_a}}});
  EXPECT_EQ(model.add(first, "one"), 0);
  EXPECT_EQ(model.add(second, ""), 0);
  EXPECT_EQ(model.add(first, "another label"), EEXIST);
  EXPECT_EQ(model.counts(), (Counts{0, 2, 0, 2}));
  const auto text = model.query(*algorithm(4), digest_a);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_LT(text.find("-one (actions: 1): version: 1, algo: sha256, type: 1, modifiers: 0, count: 2, datalen: 64\n"), text.find("-parser (actions: 1)"));
  EXPECT_EQ(model.query(*algorithm(20), digest_a), "") << "another algorithm of the same size";
  EXPECT_EQ(model.remove(first, "two"), ENOENT);
  EXPECT_EQ(model.remove(first, "/some/where/one"), 0);
  EXPECT_EQ(model.counts(), (Counts{0, 2, 0, 1}));
}

TEST(CollidingLists, are_valid_and_collide) {
  Dice dice(7);
  Model model(0);
  std::size_t digests = 0;
  for (const auto& list : colliding_lists(dice, 24)) {
    EXPECT_TRUE(decode(list));
    if (model.add(list, "l") != 0) continue;
    for (const auto& block : *decode(list)) digests += block.digests.size();
  }
  const auto counts = model.counts();
  EXPECT_GT(digests, 2 * (counts[0] + counts[1] + counts[2])) << "most digests must be in several lists";
}

}  // namespace
}  // namespace diglim
