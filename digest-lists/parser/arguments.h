// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/loader.h"

namespace diglim {

struct Arguments {
  LoadOptions options;
  std::vector<std::string> paths;
  bool help = false;
};

/// Nothing: they make no sense. The first is not the program's name.
[[nodiscard]] std::optional<Arguments> read_arguments(std::span<const char* const> words);

extern const std::string_view usage;

}  // namespace diglim
