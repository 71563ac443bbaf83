// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>

#include "judge/verdict.h"

namespace diglab {

/// A run as one page for people, readable from a file with no network, in light and dark, and printed.
///
/// It has no script and takes nothing from anywhere (a content security policy says so to the browser): whatever the
/// guest wrote is text in it. Links lead to the evidence files beside it.
[[nodiscard]] std::string to_html(std::span<const Event> events, std::span<const Verdict> verdicts);

}  // namespace diglab
