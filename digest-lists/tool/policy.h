// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "tool/boot_parameters.h"

namespace diglim::tool {

/// What digest lists decide under an IMA policy.
struct Policy {
  bool measures = false;   ///< What need not be measured.
  bool appraises = false;  ///< Which programs run.
  bool wants_signatures = true;  ///< A program's own hash in security.ima is not enough, whatever lists say.
  bool enforces = true;    ///< Otherwise what would be denied is only logged.

  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] static Policy of(const BootParameters& boot);
  /// Of rules as the kernel shows them in ima/policy.
  [[nodiscard]] static Policy of_rules(std::string_view rules);
  /// Of the running kernel: its rules where they can be read, its command line otherwise.
  [[nodiscard]] static Policy running();
};

}  // namespace diglim::tool
