// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace diglab {

/// A results directory, a name below `all`, or, with neither, the last run there: their names sort by time. ErrorKind::usage if there is
/// no such run.
Result<std::filesystem::path> find_run(const std::filesystem::path& all, const std::string& name);

}  // namespace diglab
