// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/attest_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "base/source_directory.h"
#include "os/files.h"

namespace diglab {
namespace {

using testing::HasSubstr;

const std::filesystem::path evidence = source_directory() / "harness/attest/testdata/evidence/booted";

AttestFiles quoted() {
  return {.log = {}, .ascii = {}, .pcrs = evidence / "pcrs.txt", .quote = evidence / "quote.msg", .signature = evidence / "quote.sig",
          .ak = evidence / "ak.pub", .nonce = {}, .evidence = {}, .authorities = {}, .pcr = {}, .bank = {}};
}

TEST(AttestFiles, TieALogToAQuoteByTheValuesThatWereQuoted) {
  AttestFiles files = quoted();
  files.log = evidence / "ima.bin";
  const auto report = check_attest_files(files);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->verdict.ok()) << report->verdict.one_line();
}

TEST(AttestFiles, ThatNothingTiesTogetherAreNotSaidToAgree) {
  AttestFiles files = quoted();
  files.log = evidence / "ima.bin";
  files.pcrs.clear();
  const auto report = check_attest_files(files);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), ErrorKind::usage);
  EXPECT_THAT(report.error().to_string(), HasSubstr("--pcrs"));
}

TEST(AttestFiles, OfAQuoteWithoutASignatureSayThatNobodyLooked) {
  AttestFiles files = quoted();
  files.signature.clear();
  EXPECT_THAT(check_attest_files(files)->verdict.one_line(), HasSubstr("by whom was not looked at"));
  EXPECT_THAT(check_attest_files(quoted())->verdict.one_line(), testing::Not(HasSubstr("not looked at")));
}

std::string described(const AttestReport& report, std::string_view name) {
  const auto& links = report.verdict.links;
  const auto link = std::ranges::find(links, name, &Link::name);
  return link == links.end() ? "no such link" : fmt::format("{} {}", link->ok ? "ok" : "broken", link->detail);
}

TEST(AttestFiles, OfAQuoteOfNoPcrDoNotAgree) {
  // As a TPM answers that is asked for none: the recorded message up to its selection, an empty one, and the digest of nothing.
  Bytes message = read_bytes(evidence / "quote.msg").value();
  constexpr std::size_t selection = 85;
  message.resize(selection);
  message.insert(message.end(), {0, 0, 0, 0, 0, 32});
  const Bytes digest = hash(HashAlgorithm::sha256, {});
  message.insert(message.end(), digest.begin(), digest.end());
  const auto directory = TempDir::make();
  ASSERT_TRUE(directory && write_file(directory->path() / "quote.msg", text_of(message)));
  AttestFiles files = quoted();
  files.quote = directory->path() / "quote.msg";
  files.signature.clear();
  files.log = evidence / "ima.bin";
  const auto report = check_attest_files(files);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(described(*report, "pcr-values"), "broken the quote covers no PCR");
  EXPECT_THAT(described(*report, "log"), testing::StartsWith("broken "));
}

TEST(AttestFiles, WithAKeyThatSignsAnythingAreRefused) {
  Bytes key = read_bytes(evidence / "ak.pub").value();
  constexpr std::size_t restricted = 7;  // of the attributes, behind size, type and name algorithm: the byte with this bit
  ASSERT_EQ(key[restricted], 0x05);
  key[restricted] = 0x04;
  const auto directory = TempDir::make();
  ASSERT_TRUE(directory && write_file(directory->path() / "ak.pub", text_of(key)));
  AttestFiles files = quoted();
  files.ak = directory->path() / "ak.pub";
  const auto report = check_attest_files(files);
  ASSERT_FALSE(report) << report->verdict.one_line();
  EXPECT_EQ(report.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(report.error().to_string(), testing::StartsWith(files.ak.string() + ": no attestation key: attribute restricted"));
}

/// The same files are given one by one and as a directory of evidence.
class SameFiles : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(directory);
    std::filesystem::copy(evidence, directory->path());
  }
  void expect_same_links(const std::vector<std::string_view>& names) {
    const std::filesystem::path& path = directory->path();
    AttestFiles single = quoted();
    single.log = path / "ima.bin";
    single.ascii = path / "ima.txt";
    single.quote = path / "quote.msg";
    single.nonce = "00112233445566778899aabbccddeeff";
    AttestFiles whole;
    whole.evidence = path;
    whole.authorities = {path / "ca.pem"};
    const auto one_by_one = check_attest_files(single);
    const auto together = check_attest_files(whole);
    ASSERT_TRUE(one_by_one) << one_by_one.error().to_string();
    ASSERT_TRUE(together) << together.error().to_string();
    for (std::string_view name : names) {
      found[name] = described(*one_by_one, name);
      EXPECT_EQ(found[name], described(*together, name));
    }
  }
  Result<TempDir> directory = TempDir::make();
  std::map<std::string_view, std::string> found;
};

TEST_F(SameFiles, agree_when_one_form_of_the_log_was_read_later) {
  std::string text = read_file(evidence / "ima.txt").value();
  ASSERT_TRUE(write_file(directory->path() / "ima.txt", text + text.substr(0, text.find('\n') + 1)));
  expect_same_links({"signature", "nonce", "pcr-values", "log", "log-forms", "boot-aggregate"});
  EXPECT_THAT(found["log-forms"], testing::StartsWith("ok same as far as both go"));
}

TEST_F(SameFiles, differ_where_the_forms_do) {
  std::string text = read_file(evidence / "ima.txt").value();
  ++text[text.find("boot_aggregate")];
  ASSERT_TRUE(write_file(directory->path() / "ima.txt", text));
  expect_same_links({"log-forms"});
  EXPECT_THAT(found["log-forms"], testing::StartsWith("broken differ from entry 1 (line 1) on: "));
}

TEST(LogForms, of_which_one_is_empty_do_not_agree) {
  ImaLog log = parse_binary_log(read_bytes(evidence / "ima.bin").value()).value();
  EXPECT_FALSE(log_forms_link(log, "").ok);
}

}  // namespace
}  // namespace diglab
