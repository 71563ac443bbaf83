// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/expectation.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

event::StepEnd exited(int status, std::string out = {}, std::string err = {}) {
  event::StepEnd end;
  end.exit_status = status;
  end.out = std::move(out);
  end.err = std::move(err);
  return end;
}
event::StepEnd refused(std::string error) {
  event::StepEnd end;
  end.error = std::move(error);
  end.stage = "execve";
  return end;
}
event::StepEnd killed() {
  event::StepEnd end;
  end.signal = "SIGKILL";
  return end;
}
Expectation success(bool value) {
  Expectation e;
  e.success = value;
  return e;
}

TEST(Expectation, an_empty_one_wants_success) {
  EXPECT_TRUE(*holds({}, exited(0)));
  EXPECT_FALSE(*holds({}, exited(1)));
  EXPECT_FALSE(*holds({}, refused("EACCES")));
  EXPECT_FALSE(*holds({}, killed()));
}

TEST(Expectation, what_never_ended_meets_nothing_not_even_the_absence_of_success) {
  EXPECT_FALSE(*holds({}, {}));
  EXPECT_FALSE(*holds(success(false), {}));
  EXPECT_TRUE(*holds(success(false), killed()));
  EXPECT_TRUE(*holds(success(false), exited(1)));
}

TEST(Expectation, every_part_must_hold) {
  Expectation e;
  e.error = "EACCES";
  EXPECT_TRUE(*holds(e, refused("EACCES")));
  EXPECT_FALSE(*holds(e, refused("EPERM")));
  EXPECT_FALSE(*holds(e, exited(126)));
  Expectation text;
  text.status = 3;
  text.out = TextMatch{.equals = "a", .contains = {}, .matches = {}};
  EXPECT_TRUE(*holds(text, exited(3, "a\n")));
  EXPECT_FALSE(*holds(text, exited(3, "a b\n")));
  EXPECT_FALSE(*holds(text, exited(0, "a\n")));
  text.err = TextMatch{.equals = {}, .contains = "bad", .matches = "^x.*y$"};
  EXPECT_TRUE(*holds(text, exited(3, "a", "so bad\nx1y\nend")));
  EXPECT_FALSE(*holds(text, exited(3, "a", "bad\n x1y")));
}

TEST(Expectation, a_regular_expression_survives_any_output) {
  EXPECT_TRUE(*found_in(std::string(70'000, 'a') + "b", "(a|aa)+b"));
  EXPECT_FALSE(*found_in(std::string(70'000, 'a'), "(a+)+$b"));
  EXPECT_FALSE(*found_in(std::string(70'000, 'a'), ".*b"));
  EXPECT_TRUE(*found_in("one\ntwo three\nfour", "^two.*e$"));
  EXPECT_FALSE(*found_in("one\ntwo three\nfour", "^three|two$"));
  EXPECT_TRUE(*found_in("", "^$"));
  EXPECT_FALSE(found_in("ab", "a)(?:b"));
  const auto bad = found_in("x", "(");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind(), ErrorKind::bad_input);
}

TEST(Expectation, reads_as_a_sentence) {
  Expectation e;
  e.error = "EACCES";
  e.in = Expectation::In::some;
  EXPECT_EQ(describe(e), "EACCES at least once");
  e = {};
  EXPECT_EQ(describe(e), "success");
  e.status = 2;
  e.out = TextMatch{.equals = "", .contains = {}, .matches = {}};
  e.err = TextMatch{.equals = {}, .contains = "x\ny", .matches = "z"};
  EXPECT_EQ(describe(e), "exit status 2, output empty, stderr containing 'x y' and matching /z/");
  EXPECT_EQ(describe(refused("EACCES")), "EACCES from execve");
  EXPECT_EQ(describe(killed()), "killed by SIGKILL");
  EXPECT_EQ(describe(exited(1, "o\n", "e\n")), "exit status 1, output 'o', stderr 'e'");
  EXPECT_EQ(describe(event::StepEnd{}), "no outcome");
}

}  // namespace
}  // namespace diglab
