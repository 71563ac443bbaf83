// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab bench boot|snapshot`: measures, prints medians, spread and the ratio that matters, and stores JSON.
void add_bench_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
