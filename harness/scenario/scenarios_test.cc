// SPDX-License-Identifier: GPL-2.0-or-later
//
// The repository's own scenarios: that they can be read is checked here, that their claims hold by running them.
#include <gmock/gmock.h>

#include <sstream>

#include "base/source_directory.h"
#include "os/files.h"
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

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(ThePageOfFiveMinutes, is_what_its_scenario_does) {
  std::vector<std::string> page, done;
  constexpr std::string_view prompt = "    # ";
  for (const auto& line : lines_of(read_file(source_directory() / "docs/protect-this-machine.md").value_or("")))
    if (line.starts_with(prompt)) page.push_back(line.substr(prompt.size()));
  const auto scenarios = load_scenarios(source_directory() / "scenarios");
  ASSERT_TRUE(scenarios);
  for (const auto& scenario : *scenarios) {
    if (scenario.id.str() != "boot/five-minutes") continue;
    for (const auto& step : scenario.steps) {
      if (!step.id.str().starts_with("page-")) continue;
      if (std::holds_alternative<step::Reboot>(step.body)) done.emplace_back("reboot");
      if (const auto* run = std::get_if<step::Run>(&step.body); run && run->script)
        for (auto& line : lines_of(*run->script)) done.push_back(std::move(line));
    }
  }
  ASSERT_FALSE(page.empty());
  EXPECT_EQ(page, done);
}

}  // namespace
}  // namespace diglab
