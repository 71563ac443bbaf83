// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "tool/context.h"
#include "tool/result.h"

namespace diglim::tool {

/// Compares what two sources allow. A source is a list, a .rpm file, a directory with lists, or package:NAME of the database.
struct Diff {
  std::string before, after;
};
Result<Report> diff(const Diff& wish, const Context& context);

}  // namespace diglim::tool
