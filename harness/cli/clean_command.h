// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab clean`: removes what can be made again, and says how much room it took.
void add_clean_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
