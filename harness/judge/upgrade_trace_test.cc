// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/upgrade_trace.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr std::string_view sample =
    "something before\n"
    "diglab-probe 1\n"
    "command rpm -U tool-2-1.noarch.rpm\n"
    "point 0 1000 3 hook(psm_post removed tool-1-1)\n"
    "point 1 2000 9 rename(/usr/bin/a tool)\n"
    "point 2 3000 12 unlink(/usr/lib/diglim/.rpm/journal)\n"
    "try 100 1100 20 exec allowed 0123456789abcdef must /usr/bin/a tool\n"
    "try 1200 1900 7 exec EACCES 0123456789abcdef must /usr/bin/a tool\n"
    "try 2100 3900 30 exec allowed fedcba9876543210 must /usr/bin/a tool\n"
    "try 100 3900 30 map EACCES - never /root/intruder\n"
    "window exec /usr/bin/a tool: EACCES from 0:... to 0:...\n"
    "end 0\n"
    "point 9 1 1 after the end\n";

TEST(UpgradeTraceTest, a_trace_says_what_was_tried_when) {
  const auto trace = parse_upgrade_trace(sample);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->command, "rpm -U tool-2-1.noarch.rpm");
  ASSERT_THAT(trace->points, SizeIs(3));
  EXPECT_EQ(trace->points[1].to_string(), "1:rename(/usr/bin/a tool)");
  EXPECT_EQ(trace->points[1].calls, 9u);
  ASSERT_THAT(trace->attempts, SizeIs(4));
  EXPECT_EQ(trace->attempts[0].path, "/usr/bin/a tool");
  EXPECT_EQ(trace->attempts[0].count, 20u);
  EXPECT_FALSE(trace->attempts[0].is_violation());
  EXPECT_TRUE(trace->attempts[1].is_violation());
  EXPECT_TRUE(trace->attempts[3].never);
  EXPECT_FALSE(trace->attempts[3].is_violation()) << "it must be denied";
  EXPECT_THAT(trace->windows, SizeIs(1));
  EXPECT_EQ(trace->status, 0);
  EXPECT_TRUE(trace->is_violated());
}

TEST(UpgradeTraceTest, what_was_denied_belongs_to_the_points_around_it) {
  const auto trace = parse_upgrade_trace(sample);
  ASSERT_TRUE(trace);
  EXPECT_THAT(trace->violated_points(), ElementsAre(trace->point(0)));
  EXPECT_EQ(trace->point(7), nullptr);
}

TEST(UpgradeTraceTest, an_intruder_that_was_allowed_is_a_violation_and_an_absent_file_is_none) {
  const auto trace = parse_upgrade_trace("diglab-probe 1\ntry 1 2 3 exec allowed - never /a\ntry 1 2 3 exec absent - must /b\nend 0\n");
  ASSERT_TRUE(trace);
  ASSERT_THAT(trace->attempts, SizeIs(2));
  EXPECT_TRUE(trace->attempts[0].is_violation());
  EXPECT_FALSE(trace->attempts[1].is_violation());
}

TEST(UpgradeTraceTest, what_is_no_trace_is_none_and_broken_lines_are_passed_over) {
  EXPECT_FALSE(parse_upgrade_trace(""));
  EXPECT_FALSE(parse_upgrade_trace("a diglab-probe 1\n"));
  const auto trace = parse_upgrade_trace("diglab-probe 1\npoint x 1 1 a\npoint 1 2\ntry 1 2 -3 exec allowed - must /a\ntry 1\n\npoint 99999999999999999999 1 1 a");
  ASSERT_TRUE(trace);
  EXPECT_THAT(trace->points, SizeIs(0));
  EXPECT_THAT(trace->attempts, SizeIs(0));
  EXPECT_EQ(trace->status, std::nullopt) << "it was cut off";
}

}  // namespace
}  // namespace diglab
