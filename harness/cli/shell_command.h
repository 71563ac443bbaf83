// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab shell [SCENARIO]`: an interactive console in the guest that a scenario runs in, under its policy.
void add_shell_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
