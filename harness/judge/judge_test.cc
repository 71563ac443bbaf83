// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "judge/stream_builder.h"
#include "judge/verdict.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr const char* unknown_denied = R"(
id: exec/unknown
claim: an unknown program is not executed
policy: |
  appraise func=BPRM_CHECK appraise_type=imasig
steps:
  - id: exec
    act: {exec: /root/unknown}
    expect: {error: EACCES}
  - id: other
    run: 'true'
checks:
  - id: denied
    denial: {path: /root/unknown, cause: IMA-signature-required}
control:
  why: without the policy it runs
  policy: ""
  opposite: [{check: exec, instead: {status: 0}}, denied]
)";

/// A stream of that scenario, as good as it gets; each test spoils one thing.
struct Story {
  event::StepEnd main_exec = refused("EACCES", "execve");
  event::StepEnd main_other = exited(0);
  std::string main_audit = audit_record(1, "/root/unknown", "IMA-signature-required");
  std::string main_console = "Linux version 6.12\n";
  std::string main_kernel_log = "[    0.000000] <5> Linux version 6.12\n";
  event::StepEnd control_exec = exited(0);
  event::StepEnd control_other = exited(0);
  std::string control_audit;
  std::string yaml = unknown_denied;

  StreamBuilder stream() const {
    StreamBuilder s;
    s.begin_run({"exec/unknown"})
        .begin_scenario("exec/unknown", yaml)
        .begin_variant("main")
        .boot("agent", main_console);
    s.step("exec", main_exec).step("other", main_other).evidence("audit", main_audit).evidence("kernel_log", main_kernel_log).end_variant();
    s.begin_variant("control")
        .boot()
        .step("exec", control_exec)
        .step("other", control_other)
        .evidence("audit", control_audit)
        .end_variant();
    s.end_scenario().end_run();
    return s;
  }
  Verdict verdict() const {
    const StreamBuilder s = stream();
    const auto verdicts = judge(s.events(), s.reader());
    EXPECT_THAT(verdicts, SizeIs(1));
    return verdicts.at(0);
  }
};

TEST(Judge, passes_what_holds_in_main_and_not_in_the_control) {
  const Verdict verdict = Story().verdict();
  EXPECT_EQ(verdict.outcome, Outcome::pass) << verdict.reason;
  EXPECT_EQ(verdict.reason, "");
  EXPECT_EQ(verdict.claim, "an unknown program is not executed");
  ASSERT_THAT(verdict.checks, SizeIs(6));
  for (const CheckVerdict& check : verdict.checks) EXPECT_TRUE(check.as_wanted) << check.id.str();
  EXPECT_EQ(verdict.checks[0].seen, "EACCES from execve (main, round 1)");
  EXPECT_EQ(verdict.checks[3].expected, "not: EACCES; instead: exit status 0");
  EXPECT_FALSE(verdict.checks[3].met);
}

TEST(Judge, fails_what_does_not_hold_and_says_what_was_seen_where) {
  Story story;
  story.main_exec = exited(0);
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.reason, "exec: expected EACCES, saw exit status 0 (main, round 1)");
}

TEST(Judge, fails_when_the_control_passes_too) {
  Story story;
  story.control_exec = refused("EACCES", "execve");
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.reason, "the control passes too: exec: saw EACCES from execve (control, round 1)");
}

TEST(Judge, fails_when_the_control_violates_but_not_as_stated) {
  Story story;
  story.control_exec = refused("ENOENT", "execve");
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.reason,
            "in the control, exec: expected exit status 0 instead, saw ENOENT from execve (control, round 1)");
}

TEST(Judge, what_the_control_does_not_name_must_hold_there_too) {
  Story story;
  story.control_other = exited(1);
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.reason, "in the control, other: expected success, saw exit status 1 (control, round 1)");
}

TEST(Judge, a_denial_must_be_of_that_file_for_that_cause) {
  Story story;
  story.main_audit =
      audit_record(1, "/root/unknown", "missing-hash") + audit_record(2, "/root/other", "IMA-signature-required");
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_THAT(
      verdict.reason,
      HasSubstr("denied: expected denial of /root/unknown because of IMA-signature-required, at least one per round, "
                "saw no such denial in round 1"));
  EXPECT_THAT(verdict.checks[2].detail, HasSubstr("missing-hash for /root/unknown"));
}

TEST(Judge, lost_audit_records_leave_the_absence_of_a_denial_open) {
  Story story;
  story.control_audit = "audit: audit_lost=3 audit_rate_limit=0\n";
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::broken);
  EXPECT_THAT(verdict.reason, HasSubstr("the kernel dropped 3 audit records"));
}

TEST(Judge, a_kernel_report_fails_whatever_the_steps_said) {
  Story story;
  story.main_console =
      "[    1.000000] Linux version 6.12\n"
      "[    5.000000] WARNING: CPU: 0 PID: 1 at security/integrity/ima/ima_main.c:77 process_measurement+0x10/0x20\n"
      "[    5.000001] ---[ end trace 0000000000000000 ]---\n";
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_THAT(verdict.reason, StartsWith("kernel report on the console: WARNING"));
  EXPECT_THAT(verdict.reason, HasSubstr("(main, round 1)"));
  ASSERT_THAT(verdict.console, SizeIs(1));
  EXPECT_THAT(verdict.console[0].excerpt, HasSubstr("process_measurement"));
  EXPECT_EQ(verdict.console[0].file, "exec/unknown/main/round-1/boot-1.console");
}

TEST(Judge, a_step_without_outcome_is_no_opposite_and_no_refusal) {
  Story story;
  story.control_exec = {};
  story.control_exec.detail = "killed by its deadline";
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::broken);
  EXPECT_EQ(verdict.reason, "control: step 'exec' has no outcome (control, round 1): killed by its deadline");
}

TEST(Judge, a_fault_breaks_the_scenario) {
  StreamBuilder s;
  s.begin_run({"exec/unknown"}).begin_scenario("exec/unknown", unknown_denied).begin_variant("main").boot();
  s.fault("infra", "swtpm is gone").end_variant().end_scenario().end_run();
  const Verdict verdict = judge(s.events(), s.reader()).at(0);
  EXPECT_EQ(verdict.outcome, Outcome::broken);
  EXPECT_EQ(verdict.reason, "main: infra (main, round 1): swtpm is gone");
  EXPECT_THAT(verdict.troubles, testing::Contains("control: it never began"));
}

TEST(Judge, any_cut_of_a_good_stream_is_broken_and_never_a_pass) {
  const StreamBuilder s = Story().stream();
  for (std::size_t length = 1; length + 1 < s.events().size(); ++length) {
    const auto verdicts = judge(std::span(s.events()).first(length), s.reader());
    ASSERT_THAT(verdicts, SizeIs(1)) << length;
    if (std::holds_alternative<event::ScenarioEnd>(s.events()[length - 1].body)) continue;
    EXPECT_EQ(verdicts[0].outcome, Outcome::broken) << length;
    EXPECT_THAT(verdicts[0].reason, StartsWith("the run ended before this scenario")) << length;
    EXPECT_EQ(exit_status(std::span(s.events()).first(length), verdicts), 3);
  }
}

TEST(Judge, taking_any_event_out_of_a_good_stream_never_gives_a_wrong_pass) {
  const StreamBuilder s = Story().stream();
  for (std::size_t out = 0; out < s.events().size(); ++out) {
    auto events = s.events();
    const event::Body gone = events[out].body;
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(out));
    const auto verdicts = judge(events, s.reader());
    ASSERT_THAT(verdicts, SizeIs(1));
    // These only say when or what; the outcome is in other events. (The audit log may not go: none proves no absence.) A kernel's log that
    // could not be had is a fault, with an event of its own.
    const auto* evidence = std::get_if<event::Evidence>(&gone);
    const bool harmless = (evidence != nullptr && evidence->kind == "kernel_log") ||
        std::holds_alternative<event::RunBegin>(gone) || std::holds_alternative<event::RunEnd>(gone) ||
        std::holds_alternative<event::VariantBegin>(gone) || std::holds_alternative<event::BootBegin>(gone) ||
        std::holds_alternative<event::StepBegin>(gone);
    EXPECT_TRUE(harmless || verdicts[0].outcome != Outcome::pass) << to_json_line({s.events()[out].time, gone});
  }
}

TEST(Judge, says_where_a_killed_run_was) {
  StreamBuilder s;
  s.begin_run({"exec/unknown", "later"})
      .begin_scenario("exec/unknown", unknown_denied)
      .begin_variant("main")
      .boot()
      .begin_step("exec");
  const auto verdicts = judge(s.events(), s.reader());
  ASSERT_THAT(verdicts, SizeIs(2));
  EXPECT_EQ(verdicts[0].reason, "the run ended before this scenario did; last seen: main, round 1, step exec");
  EXPECT_EQ(verdicts[1].reason, "the run ended before this scenario began");
  s.end_run(true);
  EXPECT_EQ(judge(s.events(), s.reader())[1].reason, "the run was interrupted before this scenario began");
}

TEST(Judge, evidence_that_changed_or_is_gone_breaks) {
  for (const bool gone : {true, false}) {
    StreamBuilder s = Story().stream();
    auto& files = s.files();
    if (gone)
      files.erase("exec/unknown/main/round-1/boot-1.audit");
    else
      files["exec/unknown/main/round-1/boot-1.audit"] += "x";
    const Verdict verdict = judge(s.events(), s.reader()).at(0);
    EXPECT_EQ(verdict.outcome, Outcome::broken);
    EXPECT_THAT(verdict.reason, HasSubstr("boot-1.audit"));
  }
}

TEST(Judge, skips_only_for_a_declared_reason) {
  StreamBuilder s;
  s.begin_run({"a"}).skip("a", "needs two CPUs").end_run();
  const auto verdicts = judge(s.events(), s.reader());
  EXPECT_EQ(verdicts.at(0).outcome, Outcome::skip);
  EXPECT_EQ(verdicts.at(0).reason, "needs two CPUs");
  EXPECT_EQ(exit_status(s.events(), verdicts), 0);
}

TEST(Judge, a_run_that_could_not_begin_has_not_passed) {
  StreamBuilder s;
  s.add(event::Phase{.what = "kernel stock", .fraction = {}});
  EXPECT_EQ(exit_status(s.events(), {}), 3) << "it was killed there";
  const auto with = [&](ErrorKind kind) {
    StreamBuilder failed = s;
    failed.add(event::Fault{.where = {}, .kind = std::string(to_string(kind)), .message = "no space"});
    return exit_status(failed.events(), {});
  };
  EXPECT_EQ(with(ErrorKind::infra), 3);
  EXPECT_EQ(with(ErrorKind::interrupted), 130);
}

TEST(Judge, a_skipped_scenario_still_says_what_it_claims) {
  StreamBuilder s;
  s.begin_run({"a/b", "a/c"});
  s.begin_scenario("a/b",
                   "id: a/b\nclaim: Cores race.\nskip_unless: {acceleration: kvm, because: it needs cores}\n"
                   "steps: [{run: 'true'}]\nno_control_because: this is a test\n");
  s.skip("a/b", "it needs cores").end_run();
  const auto verdicts = judge(s.events(), s.reader());
  EXPECT_EQ(verdicts.at(0).outcome, Outcome::skip);
  EXPECT_EQ(verdicts.at(0).claim, "Cores race.");
  EXPECT_EQ(verdicts.at(1).outcome, Outcome::broken) << "it was announced, and neither run nor skipped";
  EXPECT_EQ(exit_status(s.events(), verdicts), 3);
  EXPECT_EQ(exit_status(s.events(), std::span(verdicts).first(1)), 0);
}

TEST(Judge, a_scenario_text_that_is_wrong_breaks_with_its_place) {
  Story story;
  story.yaml = "id: exec/unknown\nclaim: x\nstep: []\n";
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.outcome, Outcome::broken);
  EXPECT_THAT(verdict.reason, HasSubstr("exec/unknown.yaml:"));
}

constexpr const char* must_not_boot = R"(
id: boot/refused
claim: a guest with a broken init does not come up
steps:
  - id: run
    run: 'true'
checks:
  - id: stays-down
    boot: panic
control:
  why: with the right init it comes up
  machine: {init: /usr/lib/diglab/init}
  opposite: [stays-down]
)";

TEST(Judge, what_the_kernel_only_logs_counts_like_what_it_prints_and_what_it_does_both_with_counts_once) {
  Story story;
  story.main_kernel_log += "[    9.000000] <6> kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)\n";
  EXPECT_EQ(story.verdict().outcome, Outcome::fail);
  EXPECT_THAT(story.verdict().console_reports, ElementsAre(HasSubstr("kmemleak")));
  const std::string warning = "WARNING: CPU: 0 PID: 1 at fs/inode.c:12 iput+0x1/0x2\n";
  story.main_console += "[    2.000000] " + warning;
  story.main_kernel_log = "[    2.000000] <4> " + warning;
  EXPECT_THAT(story.verdict().console_reports, SizeIs(1));
  story.main_console = "Linux version 6.12\n";
  EXPECT_THAT(story.verdict().console_reports, SizeIs(1));
}

TEST(Judge, an_expected_panic_is_no_kernel_report_and_excuses_what_could_not_run) {
  StreamBuilder s;
  const std::string console =
      "[    1.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n";
  s.begin_run({"boot/refused"})
      .begin_scenario("boot/refused", must_not_boot)
      .begin_variant("main")
      .boot("panic", console);
  s.fault("boot", "panic").end_variant();
  s.begin_variant("control").boot().step("run", exited(0)).end_variant().end_scenario().end_run();
  const Verdict verdict = judge(s.events(), s.reader()).at(0);
  EXPECT_EQ(verdict.outcome, Outcome::pass) << verdict.reason;
  EXPECT_THAT(verdict.console_reports, IsEmpty());
}

TEST(Judge, in_a_control_that_must_not_come_up_there_is_no_evidence_to_judge) {
  const auto verdict_of = [](const std::string& opposite) {
    StreamBuilder s;
    s.begin_run({"boot/comes-up"})
        .begin_scenario("boot/comes-up",
                        "id: boot/comes-up\nclaim: c\nsteps: [{id: run, run: 'true'}]\nchecks:\n  - {id: up, boot: agent}\n"
                        "  - {id: replays, attest: log_replays}\ncontrol: {why: w, machine: {init: /none}, opposite: [" +
                            opposite + "]}\n");
    s.begin_variant("main").boot().step("run", exited(0)).measured({"/a"}).end_variant();
    s.begin_variant("control").boot("panic", "[    1.000000] Kernel panic - not syncing: No working init found.\n");
    s.fault("boot", "panic").end_variant().end_scenario().end_run();
    return judge(s.events(), s.reader()).at(0);
  };
  EXPECT_EQ(verdict_of("up").outcome, Outcome::pass) << verdict_of("up").reason;
  // What is said to be violated must be seen to be.
  EXPECT_EQ(verdict_of("up, replays").outcome, Outcome::broken);
}

TEST(Judge, an_oops_beside_an_expected_panic_is_still_one) {
  StreamBuilder s;
  const std::string console =
      "[    1.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
      "[    1.000001] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n";
  s.begin_run({"boot/refused"})
      .begin_scenario("boot/refused", must_not_boot)
      .begin_variant("main")
      .boot("panic", console)
      .end_variant();
  s.begin_variant("control").boot().step("run", exited(0)).end_variant().end_scenario().end_run();
  const Verdict verdict = judge(s.events(), s.reader()).at(0);
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_THAT(verdict.reason, HasSubstr("NULL pointer"));
}

constexpr const char* repeated = R"(
id: repeat/some
claim: something happens sometimes
rounds: 2
steps:
  - repeat:
      times: 3
      steps:
        - id: race
          run: race
          expect: {in: some, status: 3}
no_control_because: this is a test
)";

Verdict verdict_of_races(const std::vector<std::vector<int>>& rounds) {
  StreamBuilder s;
  s.begin_run({"repeat/some"}).begin_scenario("repeat/some", repeated).begin_variant("main");
  for (const auto& statuses : rounds) {
    s.boot();
    for (std::size_t i = 0; i < statuses.size(); ++i) s.step("race", exited(statuses[i]), static_cast<int>(i));
  }
  s.end_variant().end_scenario().end_run();
  return judge(s.events(), s.reader()).at(0);
}

TEST(Judge, some_wants_one_outcome_of_all_repetitions_and_rounds) {
  EXPECT_EQ(verdict_of_races({{0, 0, 0}, {0, 3, 0}}).outcome, Outcome::pass);
  const Verdict none = verdict_of_races({{0, 0, 0}, {0, 0, 0}});
  EXPECT_EQ(none.outcome, Outcome::fail);
  EXPECT_EQ(none.reason, "race: expected exit status 3 at least once, saw exit status 0 (main, round 1, repetition 1)");
}

TEST(Judge, a_repetition_or_round_that_did_not_run_breaks) {
  EXPECT_EQ(verdict_of_races({{3, 0, 0}, {0, 0}}).reason,
            "main: step 'race' did not run (main, round 2): 2 of 3 outcomes");
  EXPECT_EQ(verdict_of_races({{3, 0, 0}}).reason, "main: round 2 of 2 never booted");
}

}  // namespace
}  // namespace diglab
