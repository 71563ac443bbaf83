// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/pcr.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::HasSubstr;

const std::string hex1(40, 'a');
const std::string hex256(64, 'B');

TEST(PcrValues, are_read_from_what_tools_print) {
  for (const std::string& text : {
           "  sha1:\n    10: 0x" + hex1 + "\n  sha256:\n    10: 0x" + hex256 + "\n  sm3_256:\n    10: 0x" + hex256 +
               "\n",
           "/sys/class/tpm/tpm0/pcr-sha1/10:" + hex1 + "\n/sys/class/tpm/tpm0/pcr-sha256/10:" + hex256 + "\n",
           "pcr-sha1/10 " + hex1 + "\npcr-sha256/10 " + hex256,
           "# comment\nsha1 10 " + hex1 + "\n\nsha256:10=" + hex256 + "\r\n",
           "{\"sha1\": {\"10\": \"" + hex1 + "\"}, \"sha256\": {\"10\": \"0x" + hex256 + "\"}}",
       }) {
    auto pcrs = parse_pcrs(text);
    ASSERT_TRUE(pcrs) << text << pcrs.error().to_string();
    ASSERT_NE(pcrs->find(HashAlgorithm::sha1, 10), nullptr) << text;
    EXPECT_EQ(*pcrs->find(HashAlgorithm::sha1, 10), Bytes(20, 0xaa));
    EXPECT_EQ(*pcrs->find(HashAlgorithm::sha256, 10), Bytes(32, 0xbb));
    EXPECT_EQ(pcrs->find(HashAlgorithm::sha256, 9), nullptr);
    EXPECT_EQ(parse_pcrs(pcrs->to_string())->banks(), pcrs->banks());
  }
}

TEST(PcrValues, errors_name_the_line) {
  auto error_of = [](const std::string& text) { return parse_pcrs(text).error().to_string(); };
  EXPECT_THAT(error_of("sha1:\n10: 0xabc\n"), HasSubstr("line 2"));
  EXPECT_THAT(error_of("sha1:\n10: 0xab\n"), HasSubstr("1 bytes for PCR 10 of bank sha1, which has 20"));
  EXPECT_THAT(error_of("10: 0x" + hex1), HasSubstr("before the name of its bank"));
  EXPECT_THAT(error_of("md5:\n"), HasSubstr("no PCR bank"));
  EXPECT_THAT(error_of("sha1 24 " + hex1), HasSubstr("above 23"));
  EXPECT_THAT(error_of("sha1 x " + hex1), HasSubstr("PCR number expected"));
  EXPECT_THAT(error_of("{\"sha1\": 3}"), HasSubstr("sha1"));
  EXPECT_THAT(error_of("{\"sha1\":"), HasSubstr("JSON"));
}

}  // namespace
}  // namespace diglab
