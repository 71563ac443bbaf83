// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "judge/stream_builder.h"
#include "judge/verdict.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// A scenario of two rounds with one check and no control.
Verdict verdict_of(const std::string& check, const std::vector<std::vector<std::string>>& rounds,
                   const std::function<void(StreamBuilder&)>& spoil = {}) {
  const std::string yaml = "id: a/b\nclaim: c\nrounds: " + std::to_string(rounds.size()) +
                           "\nsteps: [{id: run, run: 'true'}]\nchecks: [{id: check, " + check +
                           "}]\nno_control_because: this is a test\n";
  StreamBuilder s;
  s.begin_run({"a/b"}).begin_scenario("a/b", yaml).begin_variant("main");
  for (const auto& files : rounds) {
    s.boot().step("run", exited(0)).measured(files);
    if (spoil) spoil(s);
  }
  s.end_variant().end_scenario().end_run();
  return judge(s.events(), s.reader()).at(0);
}

std::string result(const Verdict& verdict) {
  return std::string(to_string(verdict.outcome)) + (verdict.reason.empty() ? "" : ": " + verdict.reason);
}

TEST(PcrJudge, one_value_over_rounds) {
  EXPECT_EQ(result(verdict_of("pcr: {rounds: same}", {{"/a", "/b"}, {"/a", "/b"}})), "pass");
  EXPECT_EQ(result(verdict_of("pcr: {rounds: differs}", {{"/a", "/b"}, {"/b", "/a"}})), "pass");
  EXPECT_THAT(result(verdict_of("pcr: {rounds: differs}", {{"/a"}, {"/a"}})),
              HasSubstr("fail: check: expected PCR 10 (sha256) differs over rounds, saw "));
}

TEST(PcrJudge, says_which_measurement_moved_where) {
  const Verdict verdict =
      verdict_of("pcr: {rounds: same}", {{"/a", "/b", "/c"}, {"/a", "/b", "/c"}, {"/c", "/a", "/b"}});
  EXPECT_EQ(result(verdict),
            "fail: check: expected PCR 10 (sha256) has one value over rounds, saw 2 values in 3 rounds");
  ASSERT_THAT(verdict.checks, SizeIs(2));
  const CheckVerdict& check = verdict.checks[1];
  ASSERT_THAT(check.diffs, SizeIs(1));
  EXPECT_EQ(check.diffs[0].left, "round 1");
  EXPECT_EQ(check.diffs[0].right, "round 3");
  EXPECT_THAT(check.diffs[0].changes, ElementsAre(LogDiff::Change{LogDiff::Kind::moved, "/c", 4, 2, ""}));
  EXPECT_THAT(check.detail, HasSubstr("in rounds 1, 2\n"));
  EXPECT_THAT(check.detail, HasSubstr("/c moved from 4 to 2"));
}

TEST(PcrJudge, one_round_is_no_comparison) {
  EXPECT_EQ(result(verdict_of("pcr: {rounds: same}", {{"/a"}})).substr(0, 6), "broken");
  EXPECT_THAT(result(verdict_of("pcr: {index: 9, rounds: same}", {{"/a"}, {"/a"}})),
              HasSubstr("PCR 9 of bank sha256 is not there"));
}

TEST(PcrJudge, quote_steps_are_the_moments_compared_where_there_are_any) {
  // At the end the rounds differ, at the step they do not.
  int round = 0;
  auto spoil = [&](StreamBuilder& s) { s.measured({"/a"}, "moment"); };
  EXPECT_EQ(result(verdict_of("pcr: {rounds: same}", {{"/a", "/x"}, {"/a", "/y"}}, spoil)), "pass") << round;
}

TEST(LogSetJudge, order_does_not_matter_and_content_does) {
  EXPECT_EQ(result(verdict_of("log_set: same", {{"/a", "/b"}, {"/b", "/a"}})), "pass");
  const Verdict verdict = verdict_of("log_set: same", {{"/a", "/b=1"}, {"/a", "/b=2"}});
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_THAT(verdict.checks[1].detail, HasSubstr("/b: sha256:"));
  EXPECT_EQ(verdict_of("log_set: differs", {{"/a"}, {"/a", "/c"}}).outcome, Outcome::pass);
}

TEST(LogEntryJudge, counts_entries_of_a_path_per_round) {
  EXPECT_EQ(result(verdict_of("log_entry: {path: /a, count: 1}", {{"/a", "/b"}, {"/b", "/a"}})), "pass");
  EXPECT_EQ(result(verdict_of("log_entry: {path: /a}", {{"/a"}, {"/b"}})),
            "fail: check: expected /a measured in each round, saw not measured in round 2");
  EXPECT_EQ(result(verdict_of("log_entry: {path: /a, count: 0}", {{"/b"}})), "pass");
  EXPECT_EQ(result(verdict_of("log_entry: {path: /a b}", {{"/a b"}})), "pass");
}

TEST(ConsoleJudge, looks_for_lines_on_every_rounds_console) {
  EXPECT_EQ(result(verdict_of("console: {matches: '^Linux version'}", {{"/a"}, {"/a"}})), "pass");
  EXPECT_EQ(result(verdict_of("console: {matches: 'Linux', present: false}", {{"/a"}})),
            "fail: check: expected no console line matching /Linux/, saw 'Linux version 6.12' in round 1");
}

TEST(AttestJudge, a_log_that_gives_the_pcr_replays) {
  EXPECT_EQ(result(verdict_of("attest: log_replays", {{"/a"}, {"/a", "/b"}})), "pass");
  EXPECT_EQ(result(verdict_of("attest: forms_agree", {{"/a"}, {"/a", "/b"}})), "pass");
}

TEST(AttestJudge, a_log_that_does_not_give_the_pcr_fails_with_the_round) {
  auto spoil = [](StreamBuilder& s) {
    if (s.where().round == 2)
      s.evidence("pcrs", "sha256 10 " + std::string(64, 'a') + "\n", "late")
          .evidence("ima_binary", std::string(), "late");
  };
  EXPECT_THAT(result(verdict_of("attest: log_replays", {{"/a"}, {"/a"}}, spoil)),
              HasSubstr("(main, round 2, quote step 'late')"));
}

TEST(AttestJudge, a_flipped_bit_in_the_control_is_noticed_and_the_evidence_stays_whole) {
  const std::string yaml = R"(
id: a/b
claim: c
steps: [{id: run, run: 'true'}]
checks: [{id: replays, attest: log_replays}]
control:
  why: one bit of the log is flipped
  tamper: {log_bit_in_entry: 1}
  opposite: [replays]
)";
  StreamBuilder s;
  s.begin_run({"a/b"}).begin_scenario("a/b", yaml);
  for (const char* variant : {"main", "control"})
    s.begin_variant(variant).boot().step("run", exited(0)).measured({"/a", "/b"}).end_variant();
  s.end_scenario().end_run();
  const Verdict verdict = judge(s.events(), s.reader()).at(0);
  EXPECT_EQ(result(verdict), "pass");
  EXPECT_THAT(verdict.checks.back().seen, HasSubstr("/a"));
}

TEST(AttestJudge, a_quote_that_was_not_collected_breaks) {
  EXPECT_EQ(result(verdict_of("attest: quote", {{"/a"}})), "broken: main: check: no quote was collected");
}

}  // namespace
}  // namespace diglab
