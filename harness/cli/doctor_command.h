// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab doctor`: what is installed, which acceleration was proven, what the caches hold, and what to do about each problem.
void add_doctor_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
