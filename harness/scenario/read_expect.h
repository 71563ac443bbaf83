// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "scenario/fields.h"
#include "scenario/scenario.h"

namespace diglab {

/// `expect:` of a step, `instead:` of a control's opposite.
Expectation read_expectation(const YamlNode& node, Problems& problems);

/// A regular expression that the judge will be able to use; a wrong one is reported.
std::optional<std::string> read_pattern(const Fields& fields, std::string_view key);

}  // namespace diglab
