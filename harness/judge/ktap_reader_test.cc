// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/ktap_reader.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = KtapTest::Outcome;

auto is(std::string name, Outcome outcome) {
  return testing::AllOf(testing::Field(&KtapTest::name, name), testing::Field(&KtapTest::outcome, outcome));
}

constexpr std::string_view kunit = R"([    0.812345] KTAP version 1
[    0.812399] 1..2
[    0.813000]     KTAP version 1
[    0.813001]     # Subtest: lists
[    0.813002]     # module: diglim_test
[    0.813003]     1..3
[    0.813100]     ok 1 empty
[    0.813200] usb 1-1: something else entirely
[    0.813300]     # truncated: EXPECTATION FAILED at list_test.c:41
[    0.813301]     # truncated: Expected ret == -22, but ret == 0
[    0.813400]     not ok 2 truncated
[    0.813500]     ok 3 huge # SKIP needs 64 MiB
[    0.813600] # lists: pass:1 fail:1 skip:1 total:3
[    0.813700] not ok 1 lists
[    0.813800]     KTAP version 1
[    0.813801]     # Subtest: names
[    0.813803]     1..1
[    0.813900]     ok 1 dash
[    0.814000] ok 2 names
)";

TEST(Ktap, of_the_kernel_is_read_between_other_messages) {
  const auto results = read_ktap(kunit);
  EXPECT_THAT(results.tests, ElementsAre(is("lists/empty", Outcome::passed), is("lists/truncated", Outcome::failed),
                                         is("lists/huge", Outcome::skipped), is("names/dash", Outcome::passed)));
  EXPECT_THAT(results.tests[1].reason, HasSubstr("Expected ret == -22"));
  EXPECT_EQ(results.tests[2].reason, "needs 64 MiB");
  EXPECT_EQ(results.incomplete, "");
}

TEST(Ktap, may_have_priorities_before_or_after_the_time) {
  const auto expected = ElementsAre(is("lists/empty", Outcome::passed));
  EXPECT_THAT(read_ktap("[    1.0] <6> 1..1\n[    1.1] <6>     1..1\n[    1.2] <6>     ok 1 empty\n[    1.3] <6> ok 1 lists\n").tests, expected);
  EXPECT_THAT(read_ktap("<6>[    1.0] 1..1\n<6>[    1.1]     1..1\n<6>[    1.2]     ok 1 empty\n<6>[    1.3] ok 1 lists\n").tests, expected);
}

TEST(Ktap, that_stops_in_the_middle_is_not_complete_wherever_it_is_cut) {
  for (std::size_t lines = 2; lines < 18; ++lines) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < lines; ++i) end = kunit.find('\n', end) + 1;
    EXPECT_NE(read_ktap(kunit.substr(0, end)).incomplete, "") << kunit.substr(0, end);
  }
}

TEST(Ktap, of_a_program_needs_no_indentation) {
  const auto results = read_ktap("TAP version 13\n1..3\nok 1 - add a list # comment\n# why it failed\nnot ok 2 - delete a list\nok 3 query # SKIP no debugfs\n");
  EXPECT_THAT(results.tests, ElementsAre(is("add a list", Outcome::passed), is("delete a list", Outcome::failed), is("query", Outcome::skipped)));
  EXPECT_EQ(results.tests[1].reason, "why it failed");
  EXPECT_EQ(results.incomplete, "");
}

TEST(Ktap, of_programs_one_after_the_other_adds_up) {
  EXPECT_EQ(read_ktap("1..1\nok 1 a\n1..1\nok 1 b\n").incomplete, "");
  EXPECT_THAT(read_ktap("1..1\nok 1 a\n1..2\nok 1 b\n").incomplete, HasSubstr("2 of 3"));
}

TEST(Ktap, counts_a_failure_around_passing_tests) {
  EXPECT_THAT(read_ktap("1..1\n  1..1\n  ok 1 inner\nnot ok 1 outer\n").tests, ElementsAre(is("outer/inner", Outcome::passed), is("outer", Outcome::failed)));
}

TEST(Ktap, is_not_seen_in_prose) {
  const auto results = read_ktap("ok computer\nnot okay 1\nokay 2\nwe are ok 1\n");
  EXPECT_THAT(results.tests, IsEmpty());
  EXPECT_THAT(read_ktap("1..2\nok 1 a\nBail out! no securityfs\n").incomplete, HasSubstr("no securityfs"));
  EXPECT_THAT(read_ktap("").tests, SizeIs(0));
}

}  // namespace
}  // namespace diglab
