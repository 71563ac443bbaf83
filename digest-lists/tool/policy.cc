// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/policy.h"

#include <sstream>

#include "os/files.h"

namespace diglim::tool {

std::string Policy::to_string() const {
  if (!measures && !appraises) return "digest lists decide nothing";
  std::string text;
  if (measures) text += "files in measured lists are not measured";
  if (appraises)
    text += std::string(text.empty() ? "" : "; ") + "programs in no signed list are " + (enforces ? "denied" : "logged, and run");
  return text;
}

Policy Policy::of(const BootParameters& boot) {
  return {.measures = boot.measures_by_lists(),
          .appraises = boot.appraises_by_lists() && boot.appraises_programs(),
          .wants_signatures = boot.has("appraise_exec_tcb"),
          .enforces = boot.enforces()};
}

Policy Policy::of_rules(std::string_view rules) {
  Policy policy{.wants_signatures = false};
  std::istringstream lines{std::string(rules)};
  for (std::string line; std::getline(lines, line);) {
    if (line.find("use_diglim") == std::string::npos) continue;
    if (line.starts_with("measure ")) policy.measures = true;
    if (line.starts_with("appraise ") &&
        (line.find("func=BPRM_CHECK") != std::string::npos || line.find("func=MMAP_CHECK") != std::string::npos)) {
      policy.appraises = true;
      policy.wants_signatures |= line.find("appraise_type=imasig") != std::string::npos;
    }
  }
  return policy;
}

Policy Policy::running() {
  const auto boot = BootParameters::parse(diglab::read_file("/proc/cmdline").value_or(""));
  const auto rules = diglab::read_file("/sys/kernel/security/ima/policy");
  Policy policy = rules && !rules->empty() ? of_rules(*rules) : of(boot);
  policy.enforces = boot.enforces();
  return policy;
}

}  // namespace diglim::tool
