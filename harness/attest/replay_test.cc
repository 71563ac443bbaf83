// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/replay.h"

#include <gmock/gmock.h>

#include "attest/boot_aggregate.h"
#include "attest/log_builder.h"
#include "attest/log_check.h"
#include "attest/sample_logs.h"

namespace diglab {
namespace {

using State = ReplayVerdict::State;
using testing::HasSubstr;

TEST(Replay, agrees_with_its_own_value_in_every_bank) {
  ImaLog log = sample_log_of_every_template();
  for (HashAlgorithm bank : all_hash_algorithms) {
    auto verdict = check_replay(log, bank, 10, replay(log, bank, 10));
    EXPECT_EQ(verdict.state, State::agrees) << verdict.one_line();
    EXPECT_THAT(verdict.one_line(), HasSubstr("agree: "));
  }
}

// sha1(zeros || sha1-digest), computed with coreutils' sha1sum.
TEST(Replay, one_entry_extends_as_the_tpm_does) {
  ImaLog log{.entries = {make_ima_ng_entry(10, "sha1", Bytes(20, 0), "boot_aggregate")}};
  EXPECT_EQ(to_hex(replay(log, HashAlgorithm::sha1, 10)), "75103fd9bb3bb21b28a3d2ddf0d2576bd7f7a17e");
}

TEST(Replay, a_violation_extends_ones) {
  ImaEntry violation = as_violation(make_ima_ng_entry(10, "sha256", Bytes(32, 0), "/x"));
  EXPECT_EQ(extend_value(violation, HashAlgorithm::sha256), Bytes(32, 0xff));
}

TEST(Replay, tells_up_to_which_entry_an_older_value_agrees) {
  ImaLog log = sample_log_of_every_template();
  auto verdict =
      check_replay(log, HashAlgorithm::sha256, 10, replay(log, HashAlgorithm::sha256, 10, BankDigest::own, 5));
  EXPECT_EQ(verdict.state, State::agrees_up_to);
  EXPECT_EQ(verdict.entries, 5U);
}

TEST(Replay, recognises_sha1_padded_with_zeros) {
  ImaLog log = sample_log_of_every_template();
  auto verdict =
      check_replay(log, HashAlgorithm::sha256, 10, replay(log, HashAlgorithm::sha256, 10, BankDigest::padded_sha1));
  EXPECT_EQ(verdict.state, State::agrees);
  EXPECT_EQ(verdict.how, BankDigest::padded_sha1);
  EXPECT_THAT(verdict.one_line(), HasSubstr("5.8"));
}

TEST(Replay, names_the_entry_that_contradicts_itself) {
  ImaLog log = sample_log_of_every_template();
  Bytes good = replay(log, HashAlgorithm::sha256, 10);
  log.entries[4].template_data.back() ^= 1;
  auto verdict = check_replay(log, HashAlgorithm::sha256, 10, good);
  EXPECT_EQ(verdict.state, State::faulty_entry);
  EXPECT_THAT(verdict.one_line(), HasSubstr("differ from entry 5 (/usr/bin/signed) on"));
}

TEST(Replay, a_real_entry_disguised_as_violation_is_a_fault) {
  ImaLog log = sample_log_of_every_template();
  log.entries[2] = as_violation(log.entries[2]);
  ASSERT_TRUE(first_fault(log));
  EXPECT_EQ(first_fault(log)->entry, 2U);
}

TEST(Replay, says_that_the_place_is_unknown_when_every_entry_is_sound) {
  ImaLog log = sample_log_of_every_template();
  Bytes good = replay(log, HashAlgorithm::sha256, 10);
  std::swap(log.entries[1], log.entries[2]);
  auto verdict = check_replay(log, HashAlgorithm::sha256, 10, good);
  EXPECT_EQ(verdict.state, State::differs);
  EXPECT_THAT(verdict.one_line(), HasSubstr("cannot be known"));
}

TEST(Replay, a_pcr_of_zeros_is_no_agreement_with_a_log_that_has_entries) {
  EXPECT_EQ(check_replay(sample_log_of_every_template(), HashAlgorithm::sha256, 10, Bytes(32, 0)).state,
            State::differs);
}

TEST(LogCheck, wants_a_value_for_every_pcr_that_the_log_mentions) {
  ImaLog log = sample_log_of_every_template();
  log.entries.push_back(make_ima_ng_entry(11, "sha256", Bytes(32, 1), "/other"));
  PcrBanks pcrs;
  ASSERT_TRUE(pcrs.set(HashAlgorithm::sha256, 10, replay(log, HashAlgorithm::sha256, 10)));
  EXPECT_THAT(check_log(log, pcrs).one_line, HasSubstr("entries of PCR 11"));
  ASSERT_TRUE(pcrs.set(HashAlgorithm::sha256, 11, replay(log, HashAlgorithm::sha256, 11)));
  EXPECT_TRUE(check_log(log, pcrs).ok) << check_log(log, pcrs).one_line;
}

TEST(LogCheck, banks_read_at_different_entries_do_not_agree) {
  ImaLog log = sample_log_of_every_template();
  PcrBanks pcrs;
  ASSERT_TRUE(pcrs.set(HashAlgorithm::sha256, 10, replay(log, HashAlgorithm::sha256, 10, BankDigest::own, 5)));
  EXPECT_TRUE(check_log(log, pcrs).ok);
  ASSERT_TRUE(pcrs.set(HashAlgorithm::sha1, 10, replay(log, HashAlgorithm::sha1, 10, BankDigest::own, 6)));
  EXPECT_FALSE(check_log(log, pcrs).ok);
  ASSERT_TRUE(pcrs.set(HashAlgorithm::sha1, 10, replay(log, HashAlgorithm::sha1, 10, BankDigest::own, 5)));
  EXPECT_TRUE(check_log(log, pcrs).ok);
}

TEST(LogCheck, an_empty_log_proves_nothing) {
  EXPECT_FALSE(check_log({}, {}).ok);
}

PcrBanks first_pcrs() {
  PcrBanks pcrs;
  for (HashAlgorithm bank : all_hash_algorithms)
    for (std::uint32_t pcr = 0; pcr < 10; ++pcr)
      EXPECT_TRUE(pcrs.set(bank, pcr, Bytes(digest_size(bank), static_cast<std::uint8_t>(pcr))));
  return pcrs;
}

TEST(BootAggregate, covers_ten_pcrs_and_in_the_sha1_bank_eight) {
  Bytes sha1;
  Bytes sha256;
  for (std::uint8_t pcr = 0; pcr < 10; ++pcr) {
    if (pcr < 8) sha1.insert(sha1.end(), 20, pcr);
    sha256.insert(sha256.end(), 32, pcr);
  }
  EXPECT_EQ(*boot_aggregate(first_pcrs(), HashAlgorithm::sha1), hash(HashAlgorithm::sha1, {sha1}));
  EXPECT_EQ(*boot_aggregate(first_pcrs(), HashAlgorithm::sha256), hash(HashAlgorithm::sha256, {sha256}));
}

TEST(BootAggregate, of_another_boot_does_not_agree_and_a_missing_pcr_is_named) {
  Bytes aggregate = *boot_aggregate(first_pcrs(), HashAlgorithm::sha256);
  ImaLog log{.entries = {make_ima_ng_entry(10, "sha256", aggregate, "boot_aggregate")}};
  EXPECT_TRUE(check_boot_aggregate(log, first_pcrs())->agrees);
  PcrBanks changed = first_pcrs();
  ASSERT_TRUE(changed.set(HashAlgorithm::sha256, 4, Bytes(32, 0xee)));
  EXPECT_FALSE(check_boot_aggregate(log, changed)->agrees);
  EXPECT_THAT(check_boot_aggregate(log, {}).error().to_string(), HasSubstr("PCR 0 of bank sha256"));
  log.entries[0] = make_ima_ng_entry(10, "sha256", aggregate, "/bin/x");
  EXPECT_FALSE(check_boot_aggregate(log, first_pcrs()));
}

TEST(BootAggregate, is_compared_wherever_it_can_be_and_its_entry_cannot_hide) {
  ImaLog log{.entries = {make_ima_ng_entry(10, "sha256", *boot_aggregate(first_pcrs(), HashAlgorithm::sha256), "boot_aggregate")}};
  EXPECT_TRUE(boot_aggregate_link(log, first_pcrs())->agrees);
  EXPECT_FALSE(boot_aggregate_link(log, {}).has_value());
  PcrBanks other_bank;
  for (std::uint32_t pcr = 0; pcr < 10; ++pcr) ASSERT_TRUE(other_bank.set(HashAlgorithm::sha384, pcr, Bytes(48, 1)));
  EXPECT_FALSE(boot_aggregate_link(log, other_bank).has_value());
  // The template's name is not hashed: this log gives the same PCRs.
  ImaLog renamed = log;
  renamed.entries[0].template_name = "x";
  renamed = parse_binary_log(to_binary(renamed)).value();
  EXPECT_EQ(replay(renamed, HashAlgorithm::sha256, 10), replay(log, HashAlgorithm::sha256, 10));
  ASSERT_TRUE(boot_aggregate_link(renamed, first_pcrs()).has_value());
  EXPECT_FALSE(boot_aggregate_link(renamed, first_pcrs())->agrees);
  EXPECT_FALSE(boot_aggregate_link(renamed, {}).has_value());
}

}  // namespace
}  // namespace diglab
