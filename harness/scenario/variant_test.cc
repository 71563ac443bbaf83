// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/variant.h"

#include <gtest/gtest.h>

namespace diglab {
namespace {

Step run_step(std::string id, std::string script) {
  Step step;
  step.id = CheckId(std::move(id));
  step.body = step::Run{.script = std::move(script), .argv = {}};
  return step;
}

Scenario with_control() {
  Scenario scenario;
  scenario.machine.cpus = 2;
  scenario.machine.cmdline = {"ima_appraise=enforce", "quiet"};
  scenario.policy = "measure func=BPRM_CHECK";
  step::Repeat repeat{.times = 2, .steps = {run_step("inner", "a")}};
  Step group;
  group.id = CheckId("group");
  group.body = repeat;
  scenario.steps = {run_step("first", "x"), group};
  Control control;
  control.machine.cpus = 1;
  control.machine.cmdline = {"ima_appraise=log"};
  control.before = {run_step("prepare", "p")};
  control.replace.emplace(CheckId("inner"), run_step("whatever", "b"));
  control.rounds = 3;
  scenario.control = control;
  return scenario;
}

TEST(Variant, MainIsTheScenarioItself) {
  Variant variant = variant_of(with_control(), main_variant);
  EXPECT_EQ(variant.machine.cpus, 2);
  EXPECT_EQ(variant.steps.size(), 2u);
  EXPECT_EQ(variant.rounds, 1);
}

TEST(Variant, ControlOverridesAndKeepsTheRest) {
  Variant variant = variant_of(with_control(), control_variant);
  EXPECT_EQ(variant.machine.cpus, 1);
  EXPECT_EQ(variant.machine.cmdline, (std::vector<std::string>{"ima_appraise=log", "quiet"}));
  EXPECT_EQ(variant.policy, "measure func=BPRM_CHECK");
  EXPECT_EQ(variant.rounds, 3);
  EXPECT_EQ(variant.steps.front().id, CheckId("prepare"));
}

TEST(Variant, ReplacementReachesIntoGroupsAndKeepsTheId) {
  Variant variant = variant_of(with_control(), control_variant);
  for (const Step* step : flatten(variant.steps)) {
    if (step->id != CheckId("inner")) continue;
    EXPECT_EQ(std::get<step::Run>(step->body).script, "b");
    return;
  }
  FAIL() << "the replaced step is gone";
}

TEST(Variant, OnlyScenariosWithAControlHaveTwo) {
  EXPECT_EQ(variant_names(with_control()).size(), 2u);
  EXPECT_EQ(variant_names(Scenario()).size(), 1u);
}

}  // namespace
}  // namespace diglab
