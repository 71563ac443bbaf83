// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/list_descriptions.h"

#include <fmt/format.h>

#include <algorithm>

namespace diglab {

Result<std::vector<std::string>> list_descriptions(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot list: {}", directory.string(), error.message()));
  std::ranges::sort(names);
  return names;
}

}  // namespace diglab
