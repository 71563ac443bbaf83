// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "tool/generate.h"

namespace diglim::tool {

/// generate_unpackaged(), with questions at the terminal if there is one.
Result<Report> generate_unpackaged_here(const GenerateUnpackaged& wish, const Context& context);

}  // namespace diglim::tool
