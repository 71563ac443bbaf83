// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/attest_files.h"

#include <gmock/gmock.h>

#include "base/source_directory.h"

namespace diglab {
namespace {

using testing::HasSubstr;

const std::filesystem::path evidence = source_directory() / "harness/attest/testdata/evidence/booted";

AttestFiles quoted() {
  return {.log = {}, .ascii = {}, .pcrs = evidence / "pcrs.txt", .quote = evidence / "quote.msg", .signature = evidence / "quote.sig",
          .ak = evidence / "ak.pub", .nonce = {}, .evidence = {}, .authorities = {}, .bank = {}};
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

}  // namespace
}  // namespace diglab
