// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html_trace.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view trace_text =
    "diglab-probe 1\n"
    "command rpm -U <b>tool</b>.rpm\n"
    "point 0 1000 3 hook(psm_post removed tool-1-1)\n"
    "point 1 2000 9 rename(/usr/bin/tool)\n"
    "try 0 900 20 exec allowed 0123456789abcdef must /usr/bin/tool\n"
    "try 1200 1900 7 exec EACCES 0123456789abcdef must /usr/bin/tool\n"
    "try 2100 3900 30 exec allowed fedcba9876543210 must /usr/bin/tool\n"
    "try 0 3900 30 map EACCES - never /root/<i>intruder\n"
    "window exec /usr/bin/tool: EACCES from 0:hook(psm_post removed tool-1-1)\n"
    "end 0\n";

StepRecord step(std::string out) {
  StepRecord record;
  record.begin.step = CheckId("upgrade");
  record.end = event::StepEnd{};
  record.end->out = std::move(out);
  return record;
}

TEST(TraceFigureTest, has_a_row_for_each_use_and_red_where_something_was_denied) {
  const auto trace = parse_upgrade_trace(trace_text);
  ASSERT_TRUE(trace);
  const std::string figure = trace_figure(*trace);
  EXPECT_THAT(figure, HasSubstr(">exec /usr/bin/tool</text>"));
  EXPECT_THAT(figure, HasSubstr("class=\"content-1\""));
  EXPECT_THAT(figure, HasSubstr("class=\"content-2\""));
  EXPECT_THAT(figure, HasSubstr("class=\"bad\""));
  EXPECT_THAT(figure, HasSubstr("class=\"denied\"")) << "as the intruder must be";
  EXPECT_THAT(figure, HasSubstr("mark hook"));
  EXPECT_THAT(figure, HasSubstr("mark rename"));
}

TEST(TraceFigureTest, what_a_guest_says_is_text) {
  ScenarioRecord record{.id = ScenarioId("upgrade/no-denial"), .begin = {}, .skipped = {}, .variants = {}, .faults = {}, .ended = {}};
  record.variants.push_back({.name = "main", .begun = {}, .ended = {}, .facts = {}, .boots = {}, .steps = {step(std::string(trace_text))}, .evidence = {}, .faults = {}, .last = {}});
  const std::string section = traces(record, "20261122-170120");
  EXPECT_THAT(section, Not(HasSubstr("<b>")));
  EXPECT_THAT(section, Not(HasSubstr("<i>intruder")));
  EXPECT_THAT(section, HasSubstr("diglab replay 20261122-170120/upgrade/no-denial/0 --variant main --step upgrade"));
}

TEST(TraceFigureTest, other_steps_have_none) {
  ScenarioRecord record{.id = ScenarioId("a/b"), .begin = {}, .skipped = {}, .variants = {}, .faults = {}, .ended = {}};
  record.variants.push_back({.name = "main", .begun = {}, .ended = {}, .facts = {}, .boots = {}, .steps = {step("hello\n")}, .evidence = {}, .faults = {}, .last = {}});
  EXPECT_THAT(traces(record, "run"), IsEmpty());
}

}  // namespace
}  // namespace diglab
