// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab replay RUN/SCENARIO/POINT`: goes once more to one point of a transaction of packages that a run traced, and says what is allowed
/// there. Status 0: all is as it should be there; 1: it is not; 3: the transaction did not come to that point again.
void add_replay_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
