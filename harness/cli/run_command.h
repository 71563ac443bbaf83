// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab run [SELECT...]`: runs scenarios, shows progress, prints the table of verdicts, writes the reports.
void add_run_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
