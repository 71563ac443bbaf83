// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "scenario/problems.h"
#include "scenario/scenario.h"

namespace diglab {

/// What no single value shows to be wrong: restores without a snapshot, comparisons over one round, evidence
/// of a TPM that the machine does not have. Each variant is looked at as it would run.
void crosscheck(const Scenario& scenario, Problems& problems);

}  // namespace diglab
