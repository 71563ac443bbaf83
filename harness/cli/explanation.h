// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "scenario/scenario.h"

namespace diglab {

/// A scenario in words, for a terminal: the claim, the machine, what is done, what must be seen, and the control.
[[nodiscard]] std::string explanation(const Scenario& scenario);

/// `text` broken into lines of at most `width` characters, each but the first with `indent` blanks in front.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t indent, std::size_t width = 100);

}  // namespace diglab
