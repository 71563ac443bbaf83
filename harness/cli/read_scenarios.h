// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <vector>

#include "cli/context.h"
#include "scenario/scenario.h"

namespace diglab {

/// Scenarios as every command reads them: one that wants a flavour or a package set that the source tree does not have is refused.
/// `directory` empty: the source tree's own.
Result<std::vector<Scenario>> read_scenarios(const CliContext& context, const std::filesystem::path& directory = {});
Result<Scenario> read_scenario(const CliContext& context, const std::filesystem::path& file);

}  // namespace diglab
