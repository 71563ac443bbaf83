// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

void add_explain_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
