// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"
#include "scenario/known.h"

namespace diglab {

/// The flavours and package sets of the source tree, for those who read scenarios in order to run them.
Result<Known> known_machines(const CliContext& context);

}  // namespace diglab
