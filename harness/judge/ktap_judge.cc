// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fnmatch.h>

#include "judge/check_judge.h"
#include "judge/ktap_reader.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

/// What `check.from` printed in that round, in all its repetitions.
Result<std::string> printed_by(const VariantRecord& record, const CheckId& id, int round) {
  std::string text;
  bool any = false;
  for (const StepRecord& step : record.steps) {
    if (step.begin.step != id || step.begin.where.round != round || !step.end) continue;
    any = true;
    text += step.end->out + "\n";
  }
  if (!any) return fail(ErrorKind::infra, fmt::format("the step '{}' has no outcome in round {}", id.str(), round));
  return text;
}

/// Kernel messages of that round; the console where they were not collected.
Result<std::string> printed_by_kernel(const VariantEvidence& evidence, int round) {
  for (const std::string_view kind : {"kernel_log", "console"}) {
    std::string text;
    for (const event::Evidence* piece : evidence.of_kind(kind)) {
      if (piece->where.round == round) text += TRY(evidence.text(piece->file)) + "\n";
    }
    if (!text.empty()) return text;
  }
  return fail(ErrorKind::infra, fmt::format("no kernel messages were collected in round {}", round));
}

std::string_view word_for(KtapTest::Outcome outcome) {
  switch (outcome) {
    case KtapTest::Outcome::passed: return "passed";
    case KtapTest::Outcome::failed: return "failed";
    case KtapTest::Outcome::skipped: return "skipped";
  }
  return "";
}

}  // namespace

Result<Judged> judge_ktap(const check::Ktap& check, int rounds, const VariantEvidence& evidence) {
  Judged judged{.met = true, .expected = {}, .seen = {}, .detail = {}, .diffs = {}};
  judged.expected = fmt::format("of the tests {} at least {} passed, none failed", check.tests, check.passed);
  for (int round = 1; round <= rounds; ++round) {
    const std::string text = check.from ? TRY(printed_by(evidence.record(), *check.from, round)) : TRY(printed_by_kernel(evidence, round));
    const KtapResults results = read_ktap(text);
    int passed = 0, failed = 0, skipped = 0;
    std::string first_failure;
    for (const KtapTest& test : results.tests) {
      if (::fnmatch(check.tests.c_str(), test.name.c_str(), 0) != 0) continue;
      (test.outcome == KtapTest::Outcome::passed ? passed : test.outcome == KtapTest::Outcome::failed ? failed : skipped) += 1;
      if (test.outcome == KtapTest::Outcome::failed && first_failure.empty()) first_failure = one_line(test.name);
      judged.detail += fmt::format("{}{} {}{}", judged.detail.empty() ? "" : "\n", word_for(test.outcome), one_line(test.name),
                                   test.reason.empty() ? "" : ": " + one_line(test.reason));
    }
    const bool held = failed == 0 && passed >= check.passed && results.incomplete.empty();
    if (!held && judged.met) {
      judged.met = false;
      judged.seen = failed > 0 ? fmt::format("{} of {} failed, first {}", failed, passed + failed, first_failure)
                    : passed < check.passed ? fmt::format("{} passed", passed)
                                            : "the output is not complete";
      if (!results.incomplete.empty()) judged.seen += fmt::format(" ({})", one_line(results.incomplete));
      if (rounds > 1) judged.seen += fmt::format(" in round {}", round);
    } else if (judged.met && judged.seen.empty()) {
      judged.seen = fmt::format("{} passed{}", passed, skipped > 0 ? fmt::format(", {} skipped", skipped) : "");
    }
  }
  return judged;
}

}  // namespace diglab
