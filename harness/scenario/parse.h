// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.h"
#include "scenario/known.h"
#include "scenario/scenario.h"

namespace diglab {

/// Reads a scenario from YAML, strictly: whatever is unknown, of the wrong type or contradictory is refused.
///
/// The error (bad_input) has one line "file:line:column: what was found; what was expected" per problem, all of
/// them. Pure: files that steps include (`write: {file: ...}`, `policy_corpus: {file: ...}`) are named in the
/// result but not read, so that a stored scenario text can be judged where they do not exist; load_scenario reads them.
/// `known` is for a scenario that is to be run: one that was is judged even where its kernel is no longer known.
Result<Scenario> parse_scenario(std::string text, std::string file, const Known& known = {});

}  // namespace diglab
