// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guest/outcome.h"

namespace diglab {

/// The rules of a policy text: its lines without empty ones and comments.
[[nodiscard]] std::vector<std::string> policy_rules(const std::string& text);

/// Which rule the kernel refused, and how: "rule 2 (measure fun=...): EINVAL".
[[nodiscard]] std::string describe(const PolicyOutcome& outcome, const std::string& text);

}  // namespace diglab
