// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "run/session.h"

namespace diglab {

/// Performs a scenario's steps in order and writes what each did. What the guest refuses is an outcome in the event stream;
/// an Error means that the round cannot go on.
Result<void> perform(Session& session, const std::vector<Step>& steps);

/// One line for people: "exec /root/unknown as user".
[[nodiscard]] std::string describe(const Step& step);

}  // namespace diglab
