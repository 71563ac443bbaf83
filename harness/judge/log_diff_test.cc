// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/log_diff.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = LogDiff::Kind;

/// "a b=2": measurement of a, and of b with content 2.
std::vector<Measurement> log_of(std::string_view words) {
  std::vector<Measurement> log;
  while (!words.empty()) {
    const auto word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    const auto equals = word.find('=');
    log.push_back({.key = std::string(word),
                   .path = std::string(word.substr(0, equals)),
                   .digest = equals == std::string_view::npos ? "1" : std::string(word.substr(equals + 1))});
  }
  return log;
}

LogDiff diff(std::string_view left, std::string_view right) {
  return compare_logs("round 1", log_of(left), "round 2", log_of(right));
}

TEST(LogDiff, equal_lists_have_no_first_difference) {
  EXPECT_FALSE(diff("a b c", "a b c").first);
  EXPECT_FALSE(diff("", "").first);
  EXPECT_EQ(diff("a b", "a b").to_string(), "round 1 and round 2: the same 2 measurements in the same order");
}

TEST(LogDiff, names_the_one_measurement_that_moved_and_not_those_it_overtook) {
  const auto d = diff("boot a b c d e", "boot e a b c d");
  EXPECT_EQ(d.first, 2u);
  EXPECT_THAT(d.changes, ElementsAre(LogDiff::Change{Kind::moved, "e", 6, 2, ""}));
  EXPECT_EQ(d.to_string(),
            "round 1 (6 entries) and round 2 (6 entries) differ from entry 2 on: a / e\ne moved from 6 to 2");
}

TEST(LogDiff, tells_additions_removals_and_changed_content_apart) {
  const auto d = diff("boot a b=1 c", "boot b=2 c x");
  EXPECT_THAT(d.changes, ElementsAre(LogDiff::Change{Kind::removed, "a", 2, 0, ""},
                                     LogDiff::Change{Kind::changed, "b", 3, 2, "1 -> 2"},
                                     LogDiff::Change{Kind::added, "x", 0, 4, ""}));
}

TEST(LogDiff, a_list_that_goes_on_where_the_other_ends_differs_there) {
  const auto d = diff("a b", "a b c");
  EXPECT_EQ(d.first, 3u);
  EXPECT_EQ(
      d.to_string(),
      "round 1 (2 entries) and round 2 (3 entries) differ from entry 3 on: end of list / c\nc only in round 2, at 3");
}

TEST(LogDiff, repeated_measurements_are_matched_in_order) {
  EXPECT_THAT(diff("a v a v", "a v v a").changes, SizeIs(1));
  EXPECT_THAT(diff("a v a v", "a v a v v").changes, ElementsAre(LogDiff::Change{Kind::added, "v", 0, 5, ""}));
}

TEST(LogDiff, shows_no_more_than_a_person_reads) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "f" + std::to_string(i) + " ";
  const auto d = compare_logs("1", {}, "2", log_of(many), 10);
  EXPECT_THAT(d.changes, SizeIs(10));
  EXPECT_EQ(d.omitted, 90u);
  EXPECT_THAT(d.to_string(), testing::EndsWith("\nand 90 more"));
}

TEST(LogDiff, undoing_the_changes_gives_the_other_list_for_any_shuffle) {
  std::mt19937 engine(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Measurement> left;
    for (int i = 0; i < 40; ++i) left.push_back({"k" + std::to_string(i % 30), "p" + std::to_string(i % 30), "d"});
    auto right = left;
    for (int i = 0; i < round % 20; ++i) std::swap(right[engine() % right.size()], right[engine() % right.size()]);
    if (round % 3 == 0) right.erase(right.begin() + static_cast<long>(engine() % right.size()));
    if (round % 4 == 0) right.insert(right.begin() + static_cast<long>(engine() % right.size()), {"new", "new", "d"});
    const auto d = compare_logs("l", left, "r", right);
    // Take out what left its place, drop what is gone; the rest must be a subsequence of the right list in order.
    std::vector<bool> gone_left(left.size()), gone_right(right.size());
    for (const auto& change : d.changes) {
      if (change.from) gone_left[change.from - 1] = true;
      if (change.to) gone_right[change.to - 1] = true;
    }
    std::vector<std::string> rest_left, rest_right;
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!gone_left[i]) rest_left.push_back(left[i].key);
    for (std::size_t i = 0; i < right.size(); ++i)
      if (!gone_right[i]) rest_right.push_back(right[i].key);
    ASSERT_EQ(rest_left, rest_right) << "round " << round;
  }
}

TEST(LogDiff, thousands_of_entries_take_no_time) {
  std::vector<Measurement> left;
  for (int i = 0; i < 20'000; ++i) left.push_back({std::to_string(i), std::to_string(i), ""});
  auto right = left;
  std::ranges::shuffle(right, std::mt19937(1));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_GT(compare_logs("l", left, "r", right).omitted, 15'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace diglab
