// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include <cstdlib>

#include "base/source_directory.h"
#include "os/files.h"
#include "report/html.h"
#include "report/junit.h"
#include "report/ktap.h"
#include "report/progress.h"
#include "report/sample_run.h"
#include "report/table.h"
#include "report/verdict_json.h"

namespace diglab {
namespace {

/// Compares with a file that a person has reviewed; DIGLAB_UPDATE_GOLDEN=1 writes it anew.
void compare_with_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file = source_directory() / "harness/report/testdata" / name;
  if (std::getenv("DIGLAB_UPDATE_GOLDEN")) {
    ASSERT_TRUE(write_file(file, text));
    return;
  }
  const auto golden = read_file(file);
  ASSERT_TRUE(golden) << golden.error().to_string();
  if (*golden == text) return;
  const auto part = std::ranges::mismatch(*golden, text);
  const auto at = static_cast<std::size_t>(part.in1 - golden->begin());
  const std::size_t from = at < 80 ? 0 : at - 80;
  ADD_FAILURE() << file << " is not what comes out now; the first difference, at byte " << at << ":\n--- golden\n"
                << golden->substr(from, 240) << "\n--- now\n"
                << text.substr(from, 240) << "\nAfter a look at the change: DIGLAB_UPDATE_GOLDEN=1 ctest -R report";
}

class Golden : public testing::Test {
 protected:
  StreamBuilder run_ = sample_run();
  std::vector<Verdict> verdicts_ = judge(run_.events(), run_.reader());
};

TEST_F(Golden, the_sample_has_every_verdict_for_the_right_reason) {
  std::string outcomes;
  for (const Verdict& verdict : verdicts_)
    outcomes += verdict.scenario.str() + " " + std::string(to_string(verdict.outcome)) + ": " + verdict.reason + "\n";
  EXPECT_EQ(
      outcomes,
      "appraise/unknown-denied pass: \n"
      "appraise/window fail: exec: expected EACCES, saw exit status 0 (main, round 1)\n"
      "appraise/toothless fail: the control passes too: exec: saw EACCES from execve (control, round 1)\n"
      "appraise/panics fail: kernel report on the console: BUG: kernel NULL pointer dereference, address: ADDRESS in "
      "digest_lookup (main, round 1)\n"
      "measure/pcr-predictable fail: same: expected PCR 10 (sha256) has one value over rounds, saw 3 values in 3 "
      "rounds\n"
      "measure/pcr-varies pass: \n"
      "measure/lost-tpm broken: main: infra (main, round 1): swtpm: exited with status 1: cannot write "
      "tpm2-00.permall: No space left on device\n"
      "measure/needs-kvm skip: needs KVM, and this host has none\n"
      "measure/unfinished broken: the run ended before this scenario did; last seen: control, round 1, step exec\n"
      "measure/never-began broken: the run ended before this scenario began\n");
  EXPECT_EQ(exit_status(run_.events(), verdicts_), 3);
}

TEST_F(Golden, events_as_stored) {
  compare_with_golden("events.jsonl", run_.text());
}
TEST_F(Golden, ktap) {
  compare_with_golden("report.ktap", to_ktap(verdicts_));
}
TEST_F(Golden, junit) {
  compare_with_golden("junit.xml", to_junit(run_.events(), verdicts_));
}
TEST_F(Golden, json) {
  compare_with_golden("verdicts.json", to_json(run_.events(), verdicts_));
}
TEST_F(Golden, table) {
  compare_with_golden("table.txt", to_table(verdicts_, "results/20250615-150640/report.html", false));
}
TEST_F(Golden, html_page) {
  compare_with_golden("report.html", to_html(run_.events(), verdicts_));
}

TEST_F(Golden, progress_in_plain_lines) {
  std::string text;
  Progress progress({}, run_.reader(), [&](std::string_view part) { text += part; });
  for (const Event& event : run_.events()) progress(event);
  progress.finish();
  compare_with_golden("progress.txt", text);
}

}  // namespace
}  // namespace diglab
