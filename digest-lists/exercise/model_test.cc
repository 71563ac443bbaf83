// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/model.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "exercise/rounds.h"

namespace diglim {
namespace {

const std::string digest_a(32, 'a'), digest_b(32, 'b');

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
    const auto blocks = decode(list);
    ASSERT_TRUE(blocks);
    if (model.add(list, "l") != 0) continue;
    for (const auto& block : *blocks) digests += block.digests.size();
  }
  const auto counts = model.counts();
  EXPECT_GT(digests, 2 * (counts[0] + counts[1] + counts[2])) << "most digests must be in several lists";
}

}  // namespace
}  // namespace diglim
