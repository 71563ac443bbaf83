// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/machine_options.h"

#include <filesystem>

namespace diglab {

namespace {

/// A run is repeated from another directory.
std::string from_anywhere(const std::string& kernel) {
  for (const std::string prefix : {"tree:", "image:"})
    if (kernel.starts_with(prefix)) return prefix + std::filesystem::absolute(kernel.substr(prefix.size())).lexically_normal().string();
  return kernel;
}

}  // namespace

std::vector<std::string> MachineOptions::words() const {
  std::vector<std::string> words;
  if (!kernel.empty()) words.insert(words.end(), {"--kernel", from_anywhere(kernel)});
  if (!suite.empty()) words.insert(words.end(), {"--suite", suite});
  return words;
}

MachineOptions MachineOptions::among(const std::vector<std::string>& words) {
  MachineOptions found;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--kernel") found.kernel = words[i + 1];
    if (words[i] == "--suite") found.suite = words[i + 1];
  }
  return found;
}

}  // namespace diglab
