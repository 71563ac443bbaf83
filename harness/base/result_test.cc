// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/result.h"

#include <gtest/gtest.h>

namespace diglab {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::bad_input, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  return TRY(half(TRY(half(n), "first half")), "second half");
}

Result<void> check(int n) {
  TRY_VOID(half(n), "check");
  return {};
}

TEST(Result, TryYieldsTheValue) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_TRUE(check(2).has_value());
}

TEST(Result, TryReturnsTheErrorWithItsContextAndKind) {
  auto result = quarter(6);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(result.error().to_string(), "second half: odd");
  EXPECT_EQ(check(1).error().to_string(), "check: odd");
}

TEST(Result, ContextsReadFromTheOutsideIn) {
  Error error = Error(ErrorKind::infra, "disk full").within("writing the log").within("scenario a/b");
  EXPECT_EQ(error.to_string(), "scenario a/b: writing the log: disk full");
}

}  // namespace
}  // namespace diglab
