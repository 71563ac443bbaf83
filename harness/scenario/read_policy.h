// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "scenario/policy.h"
#include "scenario/yaml_tree.h"

namespace diglab {

/// Validates the policy that a node of a scenario file holds; problems point to the word within the block.
/// `source` is the text of the file; `note` is put before each message ("in the control, ...").
void check_policy(const YamlNode& node, std::string_view source, const PolicyDialect& dialect, std::string_view note,
                  Problems& problems);

}  // namespace diglab
