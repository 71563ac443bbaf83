// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace diglab {
namespace {

TEST(Bytes, HexRoundTrips) {
  Bytes bytes{0x00, 0x7f, 0xff};
  EXPECT_EQ(to_hex(bytes), "007fff");
  EXPECT_EQ(from_hex("007FfF"), bytes);
}

TEST(Bytes, BadHexNamesThePosition) {
  EXPECT_EQ(from_hex("0").error().message(), "odd number of hexadecimal digits (1)");
  EXPECT_EQ(from_hex("00zz").error().message(), "not a hexadecimal digit at position 2");
}

TEST(ByteReader, ReadsBothByteOrders) {
  Bytes bytes{1, 2, 3, 4, 1, 2, 3, 4};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.le32("little"), 0x04030201u);
  EXPECT_EQ(reader.be32("big"), 0x01020304u);
  EXPECT_TRUE(reader.at_end());
}

TEST(ByteReader, RefusesToReadPastTheEndAndNamesTheOffset) {
  Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.u8("first").has_value());
  auto result = reader.le32("entry length");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message(), "offset 1: entry length needs 4 bytes, 2 are left");
  EXPECT_EQ(reader.offset(), 1u);
}

}  // namespace
}  // namespace diglab
