// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/statistics.h"

#include <gtest/gtest.h>

namespace diglab {
namespace {

TEST(Statistics, MedianAndQuartilesInterpolate) {
  Summary summary = summarise({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(summary.median, 2.5);
  EXPECT_DOUBLE_EQ(summary.lower_quartile, 1.75);
  EXPECT_DOUBLE_EQ(summary.upper_quartile, 3.25);
}

TEST(Statistics, OneSlowRunDoesNotMoveTheMedian) {
  EXPECT_DOUBLE_EQ(summarise({1, 1, 1, 1, 100}).median, 1);
}

TEST(Statistics, RatioHasAnIntervalAroundIt) {
  Ratio ratio = ratio_of({2.0, 2.1, 1.9, 2.0, 2.2}, {1.0, 1.1, 0.9, 1.0, 1.0});
  EXPECT_DOUBLE_EQ(ratio.median, 2.0);
  EXPECT_LE(ratio.low, ratio.median);
  EXPECT_GE(ratio.high, ratio.median);
  EXPECT_GT(ratio.low, 1.5);
  EXPECT_LT(ratio.high, 2.6);
}

TEST(Statistics, SameSeedSameInterval) {
  Samples a{1, 2, 3, 4}, b{2, 3, 4};
  EXPECT_DOUBLE_EQ(ratio_of(a, b, 7).low, ratio_of(a, b, 7).low);
}

TEST(Statistics, NothingMeasuredIsNoRatio) {
  EXPECT_DOUBLE_EQ(ratio_of({}, {1}).median, 0);
  EXPECT_DOUBLE_EQ(ratio_of({1}, {0}).median, 0);
}

}  // namespace
}  // namespace diglab
