// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/denial.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view fields =
    R"(pid=212 uid=0 auid=4294967295 ses=4294967295 op=appraise_data cause=IMA-signature-required comm="bash" name="/root/unknown" dev="vda" ino=1234 res=0 errno=0)";

const Denial expected{.type = 1800,
                      .path = "/root/unknown",
                      .cause = "IMA-signature-required",
                      .operation = "appraise_data",
                      .program = "bash",
                      .device = "vda",
                      .inode = 1234,
                      .pid = 212,
                      .uid = 0,
                      .serial = "1718000000.123:45",
                      .error = 0};

TEST(Denial, is_read_from_every_form_in_which_the_kernel_hands_it_out) {
  for (const std::string prefix :
       {"type=1800 audit(1718000000.123:45): ", "audit: type=1800 audit(1718000000.123:45): ",
        "[    3.141592] audit: type=1800 audit(1718000000.123:45): ",
        "[    3.141592] <5> audit: type=1800 audit(1718000000.123:45): ",
        "<5>[    3.141592] audit: type=1800 audit(1718000000.123:45): ",
        "[    3.141592][  T212] audit: type=1800 audit(1718000000.123:45): ",
        "5,423,3141592,-;audit: type=1800 audit(1718000000.123:45): ",
        "type=INTEGRITY_DATA msg=audit(1718000000.123:45): "}) {
    EXPECT_THAT(parse_audit(prefix + std::string(fields) + "\r\n").denials, ElementsAre(expected)) << prefix;
  }
}

TEST(Denial, the_same_record_on_console_and_in_the_log_counts_once) {
  const std::string record = "type=1800 audit(1718000000.123:45): " + std::string(fields) + "\n";
  const std::string other = "type=1800 audit(1718000000.123:46): " + std::string(fields) + "\n";
  EXPECT_THAT(parse_audit(record + "[ 1.0] audit: " + record + other).denials, SizeIs(2));
}

TEST(Denial, names_that_the_kernel_wrote_in_hexadecimal_are_decoded) {
  const auto trail = parse_audit(
      "type=1804 audit(1.0:1): pid=1 uid=1000 op=invalid_pcr cause=open_writers comm=61202262 "
      "name=2F746D702F6120620A63 dev=\"tmpfs\" ino=7 "
      "res=0 errno=-13\n");
  ASSERT_THAT(trail.denials, SizeIs(1));
  EXPECT_EQ(trail.denials[0].path, "/tmp/a b\nc");
  EXPECT_EQ(trail.denials[0].program, "a \"b");
  EXPECT_EQ(trail.denials[0].uid, 1000u);
  EXPECT_EQ(trail.denials[0].error, -13);
  EXPECT_EQ(trail.denials[0].one_line(), "open_writers for /tmp/a b c (invalid_pcr, a \"b)");
}

TEST(Denial, records_that_refuse_nothing_are_none) {
  EXPECT_THAT(
      parse_audit("type=1802 audit(1.0:1): pid=1 uid=0 op=policy_update cause=completed comm=\"init\" res=1 errno=0\n"
                  "type=1805 audit(1.0:2): file=\"/bin/true\" hash=\"sha256:00\" ppid=1 pid=2\n"
                  "type=1300 audit(1.0:3): syscall=59 res=0\n"
                  "type=1400 audit(1.0:4): apparmor=\"DENIED\" res=0\n")
          .denials,
      IsEmpty());
}

TEST(Denial, a_record_inside_another_line_is_none) {
  const std::string record = "type=1800 audit(1718000000.123:45): " + std::string(fields);
  EXPECT_THAT(parse_audit("user said: " + record + "\n").denials, IsEmpty());
  EXPECT_THAT(parse_audit("type=1400 audit(1.0:1): comm=\"x\" name=\"" + record + "\"\n").denials, IsEmpty());
}

TEST(Denial, a_later_word_cannot_replace_an_earlier_one) {
  const auto trail =
      parse_audit("type=1800 audit(1.0:1): op=a cause=b comm=\"c op=z\" name=\"/x cause=z\" res=0 res=1\n");
  ASSERT_THAT(trail.denials, SizeIs(1));
  EXPECT_EQ(trail.denials[0].operation, "a");
  EXPECT_EQ(trail.denials[0].path, "/x cause=z");
}

TEST(Denial, records_lost_by_the_kernel_are_counted) {
  EXPECT_EQ(parse_audit("[ 1.0] audit: audit_lost=3 audit_rate_limit=0 audit_backlog_limit=64\n"
                        "[ 2.0] audit: audit_lost=5 audit_rate_limit=0 audit_backlog_limit=64\n"
                        "[ 3.0] kauditd_printk_skb: 12 callbacks suppressed\n")
                .lost,
            17u);
}

TEST(Denial, no_cut_of_a_record_does_harm) {
  const std::string record = "<5>[ 1.0][T1] audit: type=1800 audit(1718000000.123:45): " + std::string(fields);
  for (std::size_t start = 0; start < record.size(); ++start) {
    for (std::size_t length = 0; start + length <= record.size(); length += 3)
      (void)parse_audit(std::string_view(record).substr(start, length));
  }
  EXPECT_THAT(parse_audit("type=1800 audit(1.0:1): =x res=0 =\" name=\"unterminated\n").denials, SizeIs(1));
  EXPECT_THAT(
      parse_audit(std::string("type=1800 audit(1.0:1): res=0 name=") + std::string(100'000, 'A') + "\n").denials,
      SizeIs(1));
}

}  // namespace
}  // namespace diglab
