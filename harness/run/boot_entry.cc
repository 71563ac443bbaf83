// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/boot_entry.h"

#include <sstream>

namespace diglab {

std::string entry_options(std::string_view entry) {
  std::istringstream lines{std::string(entry)};
  std::string options;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word != "options") continue;
    while (words >> word) options += (options.empty() ? "" : " ") + word;
  }
  return options;
}

}  // namespace diglab
