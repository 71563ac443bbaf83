// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace diglab {

/// The names of the descriptions in a directory, which are its files *.yaml, without that ending and in order.
Result<std::vector<std::string>> list_descriptions(const std::filesystem::path& directory);

}  // namespace diglab
