// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab attest`: whether IMA logs, PCR values and quotes of any machine agree, in one line, and if not from which
/// entry on.
void add_attest_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
