// SPDX-License-Identifier: GPL-2.0-or-later
//
// The repository's own scenarios: that they can be read is checked here, that their claims hold by running them.
#include <gmock/gmock.h>

#include "base/source_directory.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

TEST(TheScenarios, can_all_be_read) {
  auto scenarios = load_scenarios(source_directory() / "scenarios");
  ASSERT_TRUE(scenarios) << scenarios.error().to_string();
  EXPECT_GE(scenarios->size(), 18U);
  for (const auto& scenario : *scenarios) {
    constexpr std::string_view suites[] = {"default", "slow", "diglim", "nightly"};
    bool suite = std::ranges::any_of(scenario.tags, [&](const auto& tag) { return std::ranges::find(suites, tag) != std::end(suites); });
    EXPECT_TRUE(suite) << scenario.id.str() << " is in no suite: tag it default, slow, diglim or nightly";
  }
}

}  // namespace
}  // namespace diglab
