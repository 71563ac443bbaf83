// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/ima_log.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "attest/ima_template.h"
#include "attest/log_builder.h"
#include "attest/replay.h"
#include "attest/sample_logs.h"
#include "attest/tamper.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(BinaryLog, reads_back_every_template_in_both_byte_orders_and_all_digest_sizes) {
  for (ByteOrder order : {ByteOrder::little, ByteOrder::big})
    for (HashAlgorithm algorithm : all_hash_algorithms) {
      ImaLog log = sample_log_of_every_template(order, algorithm);
      Bytes bytes = to_binary(log);
      auto parsed = parse_binary_log(bytes);
      ASSERT_TRUE(parsed) << parsed.error().to_string();
      EXPECT_EQ(parsed->entries, log.entries);
      EXPECT_EQ(parsed->byte_order, order);
      EXPECT_EQ(parsed->digest_algorithm, algorithm);
      EXPECT_EQ(to_binary(*parsed), bytes);
      EXPECT_FALSE(first_fault(*parsed)) << first_fault(*parsed)->detail;
    }
}

TEST(BinaryLog, tells_digest_path_and_violation_of_an_entry) {
  ImaLog log = sample_log_of_every_template();
  EXPECT_EQ(log.entries[2].path(), "/usr/bin/a_b_c");
  EXPECT_EQ(log.entries[2].file_digest()->algorithm, "sha256");
  EXPECT_EQ(log.entries[1].path(), "/bin/legacy");
  EXPECT_EQ(log.entries[1].file_digest()->bytes.size(), 20U);
  EXPECT_TRUE(log.entries[3].violation());
  EXPECT_FALSE(log.entries[4].violation());
  EXPECT_EQ(log.entries[7].file_digest()->type, "verity");
}

TEST(BinaryLog, hashes_the_legacy_name_padded_to_256_bytes) {
  const ImaEntry legacy = sample_log_of_every_template().entries[1];
  EXPECT_EQ(legacy.template_data.size(), 276U);
}

TEST(BinaryLog, an_empty_file_is_an_empty_log) {
  EXPECT_TRUE(parse_binary_log({})->entries.empty());
}

// An independent record: the ima-ng line and digest of a boot_aggregate of zeros, as kernels without firmware events
// print it, computed with coreutils: printf ... | sha1sum.
TEST(BinaryLog, template_digest_is_sha1_over_lengths_and_fields) {
  ImaEntry entry = make_ima_ng_entry(10, "sha1", Bytes(20, 0), "boot_aggregate");
  EXPECT_EQ(to_hex(entry.template_digest), "1d8d532d463c9f8c205d0df7787669a85f93e260");
}

TEST(BinaryLog, truncated_at_every_byte_is_an_error_with_offset_or_ends_between_entries) {
  ImaLog log = sample_log_of_every_template();
  Bytes bytes = to_binary(log);
  std::vector<std::size_t> ends{0};
  for (std::size_t count = 1; count <= log.entries.size(); ++count)
    ends.push_back(
        to_binary({.entries = {log.entries.begin(), log.entries.begin() + static_cast<std::ptrdiff_t>(count)},
                   .digest_algorithm = log.digest_algorithm,
                   .byte_order = log.byte_order})
            .size());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto parsed = parse_binary_log(ByteView(bytes).first(size));
    if (std::ranges::find(ends, size) != ends.end()) {
      EXPECT_TRUE(parsed) << size;
    } else {
      ASSERT_FALSE(parsed) << size;
      EXPECT_EQ(parsed.error().kind(), ErrorKind::bad_input);
      EXPECT_THAT(parsed.error().to_string(), HasSubstr("offset "));
    }
  }
}

TEST(BinaryLog, every_flipped_bit_is_an_error_or_a_fault_of_that_entry_unless_it_is_the_pcr_number) {
  ImaLog log;
  for (std::string_view path : {"/a", "/b", "/c"})
    log.entries.push_back(make_ima_ng_entry(10, "sha256", hash(HashAlgorithm::sha256, {view_of(path)}), path));
  Bytes bytes = to_binary(log);
  std::size_t entry_size = bytes.size() / 3;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes changed = bytes;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    auto parsed = parse_binary_log(changed);
    if (!parsed) continue;
    std::size_t within = bit / 8 % entry_size;
    // The PCR number and the template's name are outside of what is hashed.
    if (within < 4 || (within >= 28 && within < 34)) continue;
    auto fault = first_fault(*parsed);
    ASSERT_TRUE(fault) << "bit " << bit;
    EXPECT_EQ(fault->entry, bit / 8 / entry_size);
  }
}

TEST(BinaryLog, hostile_lengths_are_errors_that_say_where) {
  Bytes good = to_binary({.entries = {make_ima_ng_entry(10, "sha256", Bytes(32, 1), "/x")}});
  auto error_with = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = value;
    return parse_binary_log(bytes).error().to_string();
  };
  EXPECT_THAT(error_with(0, 0xff), HasSubstr("offset 0: PCR number"));
  EXPECT_THAT(error_with(24, 0xff), HasSubstr("offset 24: a template name of 4294967295 bytes"));
  EXPECT_THAT(error_with(24, 0), HasSubstr("offset 24: a template name of 0 bytes"));
  EXPECT_THAT(error_with(34, 0xff), HasSubstr("offset 38: template data needs 4294967295 bytes"));
  EXPECT_THAT(error_with(38, 0xff), HasSubstr("offset 38: field d-ng claims 4294967295 bytes"));
}

TEST(BinaryLog, an_entry_of_an_unknown_template_is_replayed_all_the_same) {
  ImaEntry entry = make_entry(10, "vendor-x", {{1, 2, 3}});
  entry.fields.clear();
  auto parsed = parse_binary_log(to_binary({.entries = {entry}}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->entries[0], entry);
  EXPECT_FALSE(first_fault(*parsed));
}

TEST(Template, custom_formats_are_lists_of_fields) {
  EXPECT_THAT(*fields_of_template("d-ng|n-ng|iuid"), ElementsAre("d-ng", "n-ng", "iuid"));
  EXPECT_THAT(*fields_of_template("n-ng"), ElementsAre("n-ng"));
  EXPECT_FALSE(fields_of_template("vendor-x"));
  EXPECT_FALSE(fields_of_template("d-ng||n-ng"));
}

TEST(FlipLogBit, changes_the_digest_so_that_exactly_that_entry_is_at_fault) {
  Bytes bytes = to_binary(sample_log_of_every_template());
  for (std::size_t index : {0U, 1U, 2U, 5U, 12U}) {
    auto parsed = parse_binary_log(flip_log_bit(bytes, index).value());
    ASSERT_TRUE(parsed);
    ASSERT_TRUE(first_fault(*parsed));
    EXPECT_EQ(first_fault(*parsed)->entry, index);
  }
  EXPECT_EQ(flip_log_bit(bytes, 999).error().kind(), ErrorKind::usage);
}

}  // namespace
}  // namespace diglab
