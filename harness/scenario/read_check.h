// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "scenario/fields.h"
#include "scenario/ids.h"
#include "scenario/scenario.h"

namespace diglab {

/// `checks:`: expectations on whole variants. Those without an id become "check-N". They may name the scenario's `steps`.
std::vector<Check> read_checks(const YamlNode& node, const std::vector<Step>& steps, Ids& ids, Problems& problems);

}  // namespace diglab
