// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenario/scenario.h"

namespace diglab {

inline constexpr std::string_view main_variant = "main";
inline constexpr std::string_view control_variant = "control";

/// One half of a scenario with every override applied: what is really run, and judged.
struct Variant {
  std::string name;  ///< main_variant or control_variant.
  MachineWish machine;
  std::string policy;
  int rounds = 1;
  std::vector<Step> steps;
  std::vector<Check> checks;
  EvidenceTamper tamper;
};

/// The variant of that name. Asking for the control of a scenario that has none gives its main variant's steps.
[[nodiscard]] Variant variant_of(const Scenario& scenario, std::string_view name);

/// The variants that a scenario runs: main, and control if there is one.
[[nodiscard]] std::vector<std::string_view> variant_names(const Scenario& scenario);

/// Every field of `overrides` that is set replaces the base's; cmdline words and SMBIOS entries are added, and a cmdline
/// word "key=value" replaces the base's word of the same key.
[[nodiscard]] MachineWish with_overrides(MachineWish base, const MachineWish& overrides);

/// A step and all steps inside it (parallel, repeat), in file order.
[[nodiscard]] std::vector<const Step*> flatten(const std::vector<Step>& steps);

}  // namespace diglab
