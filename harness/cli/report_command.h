// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab report`: judges a stored run again and writes its report.html and junit.xml anew. The exit status is that of
/// the run.
void add_report_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
