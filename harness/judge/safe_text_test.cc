// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/safe_text.h"

#include <gtest/gtest.h>

namespace diglab {
namespace {

TEST(SafeText, ordinary_text_stays) {
  EXPECT_EQ(safe_text("a\tb\nc\r\n\xc3\xa4 \xf0\x9f\x8c\x8d"), "a\tb\nc\n\xc3\xa4 \xf0\x9f\x8c\x8d");
}

TEST(SafeText, what_drives_a_terminal_becomes_a_picture_of_it) {
  EXPECT_EQ(safe_text("\x1b[2J\r"), "\xe2\x90\x9b[2J\xe2\x90\x8d");
  EXPECT_EQ(safe_text(std::string_view("\0\x7f", 2)), "\xe2\x90\x80\xe2\x90\xa1");
  EXPECT_EQ(safe_text("\xc2\x9b"
                      "2J"),
            "\xef\xbf\xbd"
            "2J")
      << "the one-character form of escape [";
  EXPECT_EQ(safe_text("\xe2\x80\xae"
                      "cod.exe"),
            "\xef\xbf\xbd"
            "cod.exe")
      << "right-to-left override";
}

TEST(SafeText, what_is_no_utf_8_is_replaced) {
  for (const char* bad : {"\xff", "\xc0", "\x80"}) EXPECT_EQ(safe_text(bad), "\xef\xbf\xbd");
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(is_utf8("\xe0\x80\xaf")) << "an overlong slash";
  EXPECT_FALSE(is_utf8("\xe2\x82")) << "a cut euro sign";
  EXPECT_TRUE(is_utf8("\xe2\x82\xac"));
}

TEST(SafeText, one_line_is_one_line_and_not_too_long) {
  EXPECT_EQ(one_line("a\nb\tc\n\n"), "a b c");
  EXPECT_EQ(one_line("\xc3\xa4\xc3\xa4\xc3\xa4", 2), "\xc3\xa4\xc3\xa4\xe2\x80\xa6");
}

}  // namespace
}  // namespace diglab
