// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// Adds every command to the program, in the order in which --help lists them.
void add_all_commands(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
