// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/ima_ascii.h"

#include <gmock/gmock.h>

#include "attest/log_builder.h"
#include "attest/replay.h"
#include "attest/sample_logs.h"

namespace diglab {
namespace {

using testing::HasSubstr;

TEST(AsciiLog, gives_the_same_entries_as_the_binary_form_in_both_byte_orders) {
  for (ByteOrder order : {ByteOrder::little, ByteOrder::big})
    for (HashAlgorithm algorithm : all_hash_algorithms) {
      ImaLog log = sample_log_of_every_template(order, algorithm);
      auto parsed = parse_ascii_log(to_ascii(log));
      ASSERT_TRUE(parsed) << parsed.error().to_string();
      EXPECT_EQ(parsed->entries, log.entries);
      EXPECT_EQ(parsed->byte_order, order);
      EXPECT_EQ(parsed->digest_algorithm, algorithm);
    }
}

TEST(AsciiLog, looks_as_the_kernel_prints_it) {
  ImaEntry entry = make_entry(9, "ima-sig", {tagged_digest_field("sha256", Bytes(2, 0xab)), name_field("/a b"), {}});
  EXPECT_EQ(to_ascii(entry), " 9 " + to_hex(entry.template_digest) + " ima-sig sha256:abab /a_b \n");
}

TEST(AsciiLog, names_with_spaces_from_old_kernels_are_kept_whole) {
  Bytes name{'/', 'a', ' ', 'b', 0};
  ImaLog log{.entries = {make_entry(10, "ima-ng", {tagged_digest_field("sha1", Bytes(20, 1)), name}),
                         make_entry(10, "ima-sig", {tagged_digest_field("sha1", Bytes(20, 1)), name, {3, 1}})}};
  auto parsed = parse_ascii_log(to_ascii(log));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->entries, log.entries);
}

TEST(AsciiLog, a_name_has_its_nul_in_every_template_but_the_legacy_one) {
  ImaLog log{.entries = {make_entry(10, "d|n", {Bytes(20, 1), name_field("/a")}),
                         make_entry(10, "d-ng|n", {tagged_digest_field("sha1", Bytes(20, 1)), name_field("")})}};
  auto parsed = parse_ascii_log(to_ascii(log));
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(parsed->entries, log.entries);
  EXPECT_FALSE(first_fault(*parsed));
}

TEST(AsciiLog, spaces_lost_at_the_end_of_a_line_do_no_harm) {
  const Bytes digest = tagged_digest_field("sha1", Bytes(20, 1));
  for (const ImaEntry& entry : {make_entry(10, "ima-sig", {digest, name_field("/a"), {}}),
                                make_entry(10, "ima-modsig", {digest, name_field("/a.ko"), {}, {}, {}}),
                                make_entry(10, "evm-sig", {digest, name_field("buffer"), {}, {}, {}, {}, {}, {}, {}})}) {
    std::string text = to_ascii(entry);
    text.erase(text.find_last_not_of(" \n") + 1);
    auto parsed = parse_ascii_log(text + "\n");
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    EXPECT_EQ(parsed->entries.at(0), entry);
  }
}

TEST(AsciiLog, truncated_at_every_byte_is_an_error_with_line_or_a_fault_or_a_whole_entry) {
  ImaLog log = sample_log_of_every_template();
  std::string text = to_ascii(log);
  for (std::size_t size = 0; size < text.size(); ++size) {
    auto parsed = parse_ascii_log(std::string_view(text).substr(0, size));
    if (!parsed) {
      EXPECT_THAT(parsed.error().to_string(), HasSubstr("line "));
      continue;
    }
    if (first_fault(*parsed)) continue;
    ASSERT_LE(parsed->entries.size(), log.entries.size());
    for (std::size_t i = 0; i + 1 < parsed->entries.size(); ++i) EXPECT_EQ(parsed->entries[i], log.entries[i]);
  }
}

TEST(AsciiLog, errors_name_line_and_entry_and_do_not_pass_on_control_characters) {
  std::string good = to_ascii(make_ima_ng_entry(10, "sha256", Bytes(32, 1), "/x"));
  auto error_of = [&](std::string bad) { return parse_ascii_log(good + bad).error().to_string(); };
  EXPECT_THAT(error_of("x\n"), HasSubstr("line 2 (entry 2): the line ends after the PCR number"));
  EXPECT_THAT(error_of("\x1b[31m abc def\n"), HasSubstr("\\x1b"));
  EXPECT_THAT(error_of("10 abc ima-ng sha256:00 /x\n"), HasSubstr("line 2"));
  EXPECT_THAT(error_of("10 0011 ima-ng sha256:00 /x\n"), HasSubstr("a template digest of 2 bytes"));
  EXPECT_THAT(error_of("99 0011 ima-ng sha256:00 /x\n"), HasSubstr("PCR number"));
  EXPECT_THAT(error_of("10 0011 vendor sha256:00 /x\n"), HasSubstr("template \"vendor\" is not known"));
  EXPECT_THAT(error_of("10 0011 ima-ng\n"), HasSubstr("the line ends after the template name"));
  EXPECT_THAT(error_of("10 0011 ima-ng sha256:00\n"), HasSubstr("the line ends before field n-ng"));
}

TEST(AsciiLog, a_line_of_spaces_is_one_name_and_does_not_cost_memory_by_the_word) {
  Bytes name(1 << 20, ' ');
  name.push_back(0);
  ImaEntry entry = make_entry(10, "ima-sig", {tagged_digest_field("sha1", Bytes(20, 1)), name, {3}});
  EXPECT_EQ(parse_ascii_log(to_ascii(entry))->entries.at(0), entry);
}

TEST(CompareForms, agrees_on_equal_logs_also_with_newlines_in_names) {
  ImaLog log = sample_log_of_every_template();
  log.entries.push_back(make_entry(10, "ima-ng", {tagged_digest_field("sha256", Bytes(32, 1)), name_field("/a\nb")}));
  log.entries.push_back(log.entries.front());
  EXPECT_FALSE(compare_forms(log, to_ascii(log)));
}

TEST(CompareForms, names_the_first_entry_that_differs) {
  ImaLog log = sample_log_of_every_template();
  ImaLog other = log;
  other.entries[5].fields[1].bytes[1] ^= 1;
  auto difference = compare_forms(log, to_ascii(other));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->entry, 5U);
  EXPECT_EQ(difference->line, 6U);
  EXPECT_FALSE(difference->only_longer);
}

TEST(CompareForms, tells_when_one_form_was_read_later) {
  ImaLog log = sample_log_of_every_template();
  ImaLog shorter = log;
  shorter.entries.pop_back();
  EXPECT_TRUE(compare_forms(log, to_ascii(shorter))->only_longer);
  EXPECT_TRUE(compare_forms(shorter, to_ascii(log))->only_longer);
}

TEST(ParseLog, recognises_both_forms) {
  ImaLog log = sample_log_of_every_template();
  EXPECT_EQ(parse_log(to_binary(log))->entries, log.entries);
  EXPECT_EQ(parse_log(view_of(to_ascii(log)))->entries, log.entries);
  ImaLog big = sample_log_of_every_template(ByteOrder::big);
  EXPECT_EQ(parse_log(to_binary(big))->entries, big.entries);
}

}  // namespace
}  // namespace diglab
