// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "judge/event.h"

namespace diglab {

/// "EACCES", "exit status 0 and output containing 'x'". An empty expectation is "success".
[[nodiscard]] std::string describe(const Expectation& expectation);

/// "exit status 1, stderr: ...", "EACCES from execve", "SIGKILL", "no outcome".
[[nodiscard]] std::string describe(const event::StepEnd& end);

/// Whether anything is known about how the step ended. One that did not end is no success, no refusal and no opposite
/// of anything.
[[nodiscard]] bool has_outcome(const event::StepEnd& end);

/// Whether the outcome is as expected; bad_input for a regular expression that cannot be used.
Result<bool> holds(const Expectation& expectation, const event::StepEnd& end);

/// Whether `pattern` (ECMAScript) is found in `text`; ^ and $ match at every line. Time and stack stay bounded
/// whatever the text: it is the guest's.
Result<bool> found_in(std::string_view text, const std::string& pattern);

}  // namespace diglab
