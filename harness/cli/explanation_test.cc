// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/explanation.h"

#include <gmock/gmock.h>

#include "base/source_directory.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

using testing::HasSubstr;

TEST(AnExplanation, says_what_is_claimed_done_expected_and_opposed) {
  auto scenario = load_scenario(source_directory() / "harness/scenario/testdata/right/everything.yaml");
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  auto text = explanation(*scenario);
  for (auto expected : {
           "claim     Every key has its place.",
           "skipped   unless machines run with kvm: Races need real cores.",
           "kernel 'stock', image 'minimal', packages of sid, files with",
           "  appraise func=BPRM_CHECK appraise_type=imasig",
           "start 2 programs one after the other",
           "exec /root/a --flag\n                    -> EACCES",
           "open /etc/passwd to write",
           "go back to snapshot 'before-trouble'",
           "cut the power, and boot, with the command line of /boot/loader/entries/linux.conf, then with SMBIOS system.version '2.0'",
           "PCR 11 (sha1) does not have one value in all rounds",
           "PCR 10 (sha256) is what step 'script' printed, in every round",
           "2 denial recorded of /root/a because of missing-hash",
           "control   Another machine, another policy.",
           "mprotect /usr/lib/y.so",
           "one bit of list entry 3 is flipped",
           "script            but success",
       }) {
    EXPECT_THAT(text, HasSubstr(expected));
  }
}

TEST(AnExplanation, exists_for_every_scenario_of_the_repository) {
  auto scenarios = load_scenarios(source_directory() / "scenarios");
  ASSERT_TRUE(scenarios) << scenarios.error().to_string();
  for (const auto& scenario : *scenarios) EXPECT_THAT(explanation(scenario), HasSubstr(scenario.id.str()));
}

TEST(Wrapping, breaks_between_words_and_indents) {
  EXPECT_EQ(wrapped("aaa bbb ccc", 2, 9), "aaa bbb\n  ccc");
  EXPECT_EQ(wrapped("", 2, 9), "");
  EXPECT_EQ(wrapped("a-word-longer-than-all", 2, 9), "a-word-longer-than-all");
}

}  // namespace
}  // namespace diglab
