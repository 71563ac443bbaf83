// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/evidence.h"

#include <gmock/gmock.h>

#include "attest/certificate.h"
#include "attest/credential.h"
#include "attest/ima_ascii.h"
#include "attest/quote.h"
#include "attest/replay.h"
#include "attest/tamper.h"
#include "base/source_directory.h"
#include "os/files.h"

namespace diglab {
namespace {

using testing::HasSubstr;

// Recorded from software TPMs by attest_swtpm_test with DIGLAB_RECORD_EVIDENCE set; their certificates hold from then
// until 9999.
// "booted" comes from diglab-quote in a guest of Linux 6.12 under ima_policy=tcb with ima_template=ima-sig.
const std::filesystem::path recorded = source_directory() / "harness/attest/testdata/evidence";
const auto then = std::chrono::system_clock::from_time_t(1798761600);  // 2027-01-01

class RecordedEvidence : public testing::TestWithParam<const char*> {
 protected:
  AttestationEvidence evidence = AttestationEvidence::load(recorded / GetParam()).value();
  std::vector<Bytes> authorities{read_bytes(recorded / GetParam() / "ca.pem").value()};
};

TEST_P(RecordedEvidence, holds_from_the_certificate_to_the_log) {
  AttestationVerdict verdict = verify(evidence, authorities, then);
  for (const Link& link : verdict.links) EXPECT_TRUE(link.ok) << link.name << ": " << link.detail;
  EXPECT_EQ(verdict.links.size(), 11U);
  EXPECT_THAT(verdict.one_line(),
              HasSubstr("entries give PCRs sha1:10, sha256:10, sha384:10, sha512:10; sound too: ek-certificate"));
}

TEST_P(RecordedEvidence, breaks_first_at_the_link_that_was_tampered_with) {
  for (Tamper tamper : all_tampers) {
    auto changed = tampered(evidence, tamper);
    ASSERT_TRUE(changed) << name_of(tamper);
    auto trusted = tamper == Tamper::ca ? std::vector<Bytes>{unrelated_authority().value()} : authorities;
    AttestationVerdict verdict = verify(*changed, trusted, then);
    ASSERT_NE(verdict.first_broken(), nullptr) << name_of(tamper);
    EXPECT_EQ(verdict.first_broken()->name, link_broken_by(tamper)) << verdict.one_line();
    EXPECT_FALSE(verdict.ok());
    EXPECT_THAT(verdict.one_line(), testing::StartsWith("differ"));
  }
}

TEST_P(RecordedEvidence, certificate_is_not_valid_before_it_was_made) {
  EXPECT_FALSE(verify(evidence, authorities, std::chrono::system_clock::from_time_t(946684800)).ok());
}

TEST_P(RecordedEvidence, certificate_may_be_padded_as_in_nv_memory) {
  evidence.ek_certificate.insert(evidence.ek_certificate.end(), 100, 0xff);
  EXPECT_TRUE(verify(evidence, authorities, then).ok());
  AttestationVerdict verdict = verify(*tampered(evidence, Tamper::ek_certificate), authorities, then);
  EXPECT_EQ(verdict.first_broken()->name, "ek-certificate");
}

TEST_P(RecordedEvidence, no_part_may_be_missing) {
  for (Bytes AttestationEvidence::* member :
       {&AttestationEvidence::ek_certificate, &AttestationEvidence::ek_public, &AttestationEvidence::ak_public,
        &AttestationEvidence::quote_message, &AttestationEvidence::quote_signature, &AttestationEvidence::binary_log,
        &AttestationEvidence::returned_secret, &AttestationEvidence::nonce}) {
    AttestationEvidence partial = evidence;
    (partial.*member).clear();
    EXPECT_FALSE(verify(partial, authorities, then).ok());
  }
  for (std::string AttestationEvidence::* member :
       {&AttestationEvidence::pcr_values, &AttestationEvidence::ascii_log, &AttestationEvidence::challenge}) {
    AttestationEvidence partial = evidence;
    (partial.*member).clear();
    EXPECT_FALSE(verify(partial, authorities, then).ok());
  }
  EXPECT_FALSE(verify(evidence, {}, then).ok());
  EXPECT_FALSE(verify({}, authorities, then).ok());
}

TEST_P(RecordedEvidence, no_flipped_bit_of_what_was_signed_or_named_goes_unnoticed) {
  auto flipped = [](Bytes bytes, std::size_t bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    return bytes;
  };
  auto ak = TpmPublic::parse(evidence.ak_public).value();
  for (std::size_t bit = 0; bit < evidence.quote_message.size() * 8; ++bit) {
    Bytes message = flipped(evidence.quote_message, bit);
    EXPECT_FALSE(parse_quote(message) && signature_is_valid(message, evidence.quote_signature, ak.key()).value_or(false))
        << bit;
  }
  for (std::size_t bit = 0; bit < evidence.ak_public.size() * 8; ++bit) {
    auto changed = TpmPublic::parse(flipped(evidence.ak_public, bit));
    EXPECT_FALSE(changed && changed->name() == ak.name()) << bit;
  }
}

TEST_P(RecordedEvidence, truncated_parts_are_refused_at_every_length) {
  auto every_length = [](const Bytes& bytes, auto refuses) {
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_TRUE(refuses(ByteView(bytes).first(size))) << size;
  };
  auto ak = TpmPublic::parse(evidence.ak_public).value();
  every_length(evidence.quote_message, [](ByteView part) { return !parse_quote(part); });
  every_length(evidence.ak_public, [](ByteView part) { return !TpmPublic::parse(part); });
  every_length(evidence.ek_public, [](ByteView part) { return !TpmPublic::parse(part); });
  every_length(evidence.quote_signature,
               [&](ByteView part) { return !signature_is_valid(evidence.quote_message, part, ak.key()).value_or(false); });
  every_length(evidence.ek_certificate, [&](ByteView part) { return !verify_ek_certificate(part, authorities, then); });
}

TEST_P(RecordedEvidence, is_the_same_after_storing_and_loading) {
  auto directory = TempDir::make();
  ASSERT_TRUE(directory && evidence.store(directory->path()));
  EXPECT_TRUE(verify(AttestationEvidence::load(directory->path()).value(), authorities, then).ok());
}

INSTANTIATE_TEST_SUITE_P(kinds, RecordedEvidence, testing::Values("ecc", "rsa", "booted"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST(BootedLog, of_the_sha256_bank_agrees_with_the_classic_one_and_with_its_text) {
  auto classic = parse_binary_log(read_bytes(recorded / "booted/ima.bin").value());
  auto sha256 = parse_binary_log(read_bytes(recorded / "booted/ima-sha256.bin").value());
  ASSERT_TRUE(classic && sha256);
  EXPECT_EQ(sha256->digest_algorithm, HashAlgorithm::sha256);
  EXPECT_FALSE(first_fault(*sha256));
  ASSERT_LE(classic->entries.size(), sha256->entries.size());
  for (std::size_t i = 0; i < classic->entries.size(); ++i)
    EXPECT_EQ(classic->entries[i].template_data, sha256->entries[i].template_data);
  std::string text = read_file(recorded / "booted/ima-sha256.txt").value();
  EXPECT_FALSE(compare_forms(*sha256, text));
  EXPECT_EQ(parse_ascii_log(text)->entries, sha256->entries);
}

TEST(Evidence, deeply_nested_json_is_refused_without_harm) {
  std::string deep(1 << 20, '[');
  EXPECT_FALSE(parse_challenge(deep));
  EXPECT_FALSE(parse_pcrs("{\"sha1\":" + deep + std::string(1 << 20, ']') + "}"));
}

TEST(Evidence, an_encrypted_pem_asks_nobody_for_a_password) {
  std::string_view pem =
      "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
      "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n";
  EXPECT_FALSE(verify_ek_certificate(view_of(pem), {Bytes(pem.begin(), pem.end())}));
}

TEST(Evidence, an_end_entity_of_another_maker_is_no_endorsement_key) {
  Bytes other = unrelated_authority().value();
  auto result = verify_ek_certificate(other, {other});
  if (result) FAIL() << "a self-signed certificate without key usage passed as endorsement certificate";
  EXPECT_EQ(result.error().kind(), ErrorKind::bad_input);
}

TEST(Credential, wants_a_secret_that_fits_and_a_storage_key) {
  auto ek = TpmPublic::parse(read_bytes(recorded / "ecc/ek.pub").value()).value();
  auto ak = TpmPublic::parse(read_bytes(recorded / "ecc/ak.pub").value()).value();
  EXPECT_FALSE(make_credential(ek, ak, {}));
  EXPECT_FALSE(make_credential(ek, ak, Bytes(49, 1)));
  EXPECT_TRUE(make_credential(ek, ak, Bytes(48, 1)));
  EXPECT_THAT(make_credential(ak, ek, Bytes(8, 1)).error().to_string(), HasSubstr("no endorsement key"));
  Challenge challenge = make_challenge(ek, ak).value();
  EXPECT_EQ(parse_challenge(to_json(challenge))->blob, challenge.blob);
}

}  // namespace
}  // namespace diglab
