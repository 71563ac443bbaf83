// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>

#include "scenario/known.h"
#include "scenario/scenario.h"
#include "scenario/yaml_tree.h"

namespace diglab {

/// `machine:` of a scenario or of its control.
MachineWish read_machine(const YamlNode& node, const Known& known, Problems& problems);

/// `smbios:` of a machine or of a reboot.
std::map<std::string, std::string> read_smbios(const YamlNode& node, Problems& problems);

}  // namespace diglab
