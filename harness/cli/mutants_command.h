// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab mutants`: builds each deliberate defect of kernel-patches/mutants/ and runs scenarios until one notices it.
void add_mutants_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
