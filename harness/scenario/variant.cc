// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/variant.h"

#include <algorithm>

namespace diglab {
namespace {

template <typename T>
void replace_if_set(std::optional<T>& base, const std::optional<T>& override) {
  if (override) base = override;
}

std::string_view key_of(std::string_view word) {
  return word.substr(0, word.find('='));
}

void collect(const std::vector<Step>& steps, std::vector<const Step*>& all) {
  for (const Step& step : steps) {
    all.push_back(&step);
    if (const auto* parallel = std::get_if<step::Parallel>(&step.body)) collect(parallel->steps, all);
    if (const auto* repeat = std::get_if<step::Repeat>(&step.body)) collect(repeat->steps, all);
  }
}

/// Puts replacing steps in place, also inside groups. A replacement keeps the id it replaces.
void replace_steps(std::vector<Step>& steps, const std::map<CheckId, Step>& replacements) {
  for (Step& step : steps) {
    if (auto found = replacements.find(step.id); found != replacements.end()) {
      step = found->second;
      step.id = found->first;
      continue;
    }
    if (auto* parallel = std::get_if<step::Parallel>(&step.body)) replace_steps(parallel->steps, replacements);
    if (auto* repeat = std::get_if<step::Repeat>(&step.body)) replace_steps(repeat->steps, replacements);
  }
}

}  // namespace

MachineWish with_overrides(MachineWish base, const MachineWish& overrides) {
  replace_if_set(base.kernel, overrides.kernel);
  replace_if_set(base.image, overrides.image);
  replace_if_set(base.suite, overrides.suite);
  replace_if_set(base.ima_signatures, overrides.ima_signatures);
  replace_if_set(base.digest_lists, overrides.digest_lists);
  replace_if_set(base.initramfs, overrides.initramfs);
  replace_if_set(base.cpus, overrides.cpus);
  replace_if_set(base.memory, overrides.memory);
  replace_if_set(base.tpm, overrides.tpm);
  replace_if_set(base.disk_flush, overrides.disk_flush);
  replace_if_set(base.init, overrides.init);
  for (const std::string& word : overrides.cmdline) {
    auto same_key = [&](const std::string& other) { return key_of(other) == key_of(word); };
    auto found = std::ranges::find_if(base.cmdline, same_key);
    if (found != base.cmdline.end())
      *found = word;
    else
      base.cmdline.push_back(word);
  }
  for (const auto& [entry, value] : overrides.smbios) base.smbios.insert_or_assign(entry, value);
  return base;
}

Variant variant_of(const Scenario& scenario, std::string_view name) {
  Variant variant{.name = std::string(name),
                  .machine = scenario.machine,
                  .policy = scenario.policy,
                  .rounds = scenario.rounds,
                  .steps = scenario.steps,
                  .checks = scenario.checks,
                  .tamper = {}};
  if (name != control_variant || !scenario.control) return variant;
  const Control& control = *scenario.control;
  variant.machine = with_overrides(std::move(variant.machine), control.machine);
  if (control.policy) variant.policy = *control.policy;
  if (control.rounds) variant.rounds = *control.rounds;
  replace_steps(variant.steps, control.replace);
  variant.steps.insert(variant.steps.begin(), control.before.begin(), control.before.end());
  variant.tamper = control.tamper;
  return variant;
}

std::vector<std::string_view> variant_names(const Scenario& scenario) {
  if (scenario.control) return {main_variant, control_variant};
  return {main_variant};
}

std::vector<const Step*> flatten(const std::vector<Step>& steps) {
  std::vector<const Step*> all;
  collect(steps, all);
  return all;
}

}  // namespace diglab
