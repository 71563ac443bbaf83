// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "attest/replay.h"
#include "judge/stream_builder.h"
#include "judge/verdict.h"

namespace diglab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string two_rounds =
    "id: a/b\nclaim: c\nrounds: 2\nsteps: [{id: predict, run: 'true'}]\n"
    "checks: [{id: foretold, pcr: {index: 10, bank: sha256, predicted_by: predict}}]\n"
    "no_control_because: this is a test\n";

std::string value_after(const std::vector<std::string>& files) {
  return to_hex(replay(log_of_files(files), HashAlgorithm::sha256, 10));
}

/// Two rounds in which /a is measured; the step prints what is given for each.
Verdict verdict_of(const std::vector<std::string>& printed, const std::function<void(StreamBuilder&)>& later = {}) {
  StreamBuilder s;
  s.begin_run({"a/b"}).begin_scenario("a/b", two_rounds).begin_variant("main");
  for (const auto& out : printed) {
    s.boot().step("predict", exited(0, out)).measured({"/a"});
    if (later) later(s);
  }
  s.end_variant().end_scenario().end_run();
  return judge(s.events(), s.reader()).at(0);
}

std::string result(const Verdict& verdict) {
  return std::string(to_string(verdict.outcome)) + (verdict.reason.empty() ? "" : ": " + verdict.reason);
}

TEST(PredictionJudge, holds_the_last_word_of_the_output_against_the_pcr) {
  const std::string right = value_after({"/a"});
  std::string upper = right;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(result(verdict_of({right, "the value will be\n" + upper + " \n\n"})), "pass");
}

TEST(PredictionJudge, each_round_needs_its_own_right_prediction) {
  const Verdict verdict = verdict_of({value_after({"/a"}), value_after({"/b"})});
  EXPECT_EQ(result(verdict), "fail: foretold: expected PCR 10 (sha256) is what 'predict' printed, saw " +
                                 value_after({"/a"}).substr(0, 16) + " and not the predicted " +
                                 value_after({"/b"}).substr(0, 16) + " in round 2");
  EXPECT_THAT(verdict.checks.back().detail, HasSubstr("round 1: PCR " + value_after({"/a"})));
}

TEST(PredictionJudge, what_is_no_value_of_the_bank_is_no_prediction) {
  const std::string right = value_after({"/a"});
  for (const std::string& word : {std::string("unknown"), right.substr(2), right + "00", "0x" + right, std::string()}) {
    EXPECT_EQ(result(verdict_of({right, "value: " + right + "\n" + word + (word.empty() ? "" : "\n")})),
              word.empty() ? "pass"
                           : "fail: foretold: expected PCR 10 (sha256) is what 'predict' printed, saw no prediction in "
                             "round 2: '" + word + "' is no hexadecimal of 32 bytes");
  }
  EXPECT_THAT(result(verdict_of({right, ""})), HasSubstr("no prediction in round 2: ''"));
}

TEST(PredictionJudge, the_value_is_the_one_at_the_end_of_the_last_boot) {
  const auto quoted = [](StreamBuilder& s) { s.measured({"/other"}, "moment"); };
  EXPECT_EQ(result(verdict_of({value_after({"/a"}), value_after({"/a"})}, quoted)), "pass");
  const auto again = [](StreamBuilder& s) { s.reboot().measured({"/second"}); };
  EXPECT_EQ(result(verdict_of({value_after({"/second"}), value_after({"/second"})}, again)), "pass");
  EXPECT_EQ(verdict_of({value_after({"/a"}), value_after({"/a"})}, again).outcome, Outcome::fail);
  const auto lost = [](StreamBuilder& s) { s.reboot(); };
  EXPECT_THAT(result(verdict_of({value_after({"/a"}), value_after({"/a"})}, lost)), StartsWith("broken: main: foretold: no PCRs"));
}

const std::string from_image =
    "id: a/b\nclaim: c\nsteps: [{run: 'true'}]\nchecks: [{id: foretold, pcr: {index: 10, predicted_from: image}}]\n"
    "no_control_because: this is a test\n";

Verdict verdict_of_image(std::map<std::string, std::string> facts) {
  StreamBuilder s;
  s.begin_run({"a/b"}).begin_scenario("a/b", from_image).begin_variant("main", std::move(facts));
  s.boot().step("step-1", exited(0, "")).measured({"/a"});
  s.end_variant().end_scenario().end_run();
  return judge(s.events(), s.reader()).at(0);
}

TEST(PredictionJudge, takes_the_prediction_from_the_image_out_of_the_facts) {
  EXPECT_EQ(result(verdict_of_image({{"predicted_pcr_10_sha256", value_after({"/a"})}})), "pass");
  EXPECT_THAT(result(verdict_of_image({{"predicted_pcr_10_sha256", value_after({"/b"})}})),
              HasSubstr("expected PCR 10 (sha256) is what the lists of image and initramfs give, saw " + value_after({"/a"}).substr(0, 16)));
  EXPECT_THAT(result(verdict_of_image({})), StartsWith("broken: main: foretold: there is no predicted_pcr_10_sha256"));
}

}  // namespace
}  // namespace diglab
