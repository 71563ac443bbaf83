// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/log.h"

#include <gtest/gtest.h>

#include <string>

namespace diglim {
namespace {

TEST(TheLog, is_one_line_of_printable_characters) {
  testing::internal::CaptureStderr();
  SystemLog(SystemLog::To::standard_error).error("0-file_list-rpm-a\nb\x1b[31m\xff: no");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "diglim-parser: 0-file_list-rpm-a?b?[31m?: no\n");
}

TEST(TheLog, fits_into_a_line_of_the_kernels) {
  testing::internal::CaptureStderr();
  SystemLog(SystemLog::To::standard_error).error(std::string(5'000, 'x'));
  EXPECT_LT(testing::internal::GetCapturedStderr().size(), 1'000u);
}

}  // namespace
}  // namespace diglim
