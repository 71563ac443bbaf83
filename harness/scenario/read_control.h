// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "scenario/ids.h"
#include "scenario/known.h"
#include "scenario/yaml_tree.h"

namespace diglab {

/// `control:`, against the main variant that `scenario` already holds: it names that one's steps and checks.
/// `policies` are the main variant's, which the control's kernel must understand as well.
Control read_control(const YamlNode& node, const Scenario& scenario, const std::vector<const YamlNode*>& policies,
                     const Known& known_machines, Ids& ids, Problems& problems);

}  // namespace diglab
