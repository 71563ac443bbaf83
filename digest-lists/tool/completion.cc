// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/completion.h"

#include <CLI/CLI.hpp>

namespace diglim::tool {

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty())
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> complete(CLI::App& app, const std::vector<std::string>& words) {
  CLI::App* current = &app;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    for (CLI::App* each : current->get_subcommands({}))
      if (each->get_name() == words[i]) {
        current = each;
        break;
      }
  const std::string start = words.empty() ? "" : words.back();
  std::vector<std::string> candidates;
  if (start.starts_with('-')) {
    candidates = options_of(*current);
    if (current != &app)
      for (auto& option : options_of(app)) candidates.push_back(std::move(option));
  } else {
    for (const CLI::App* each : current->get_subcommands({})) candidates.push_back(each->get_name());
  }
  std::erase_if(candidates, [&](const auto& candidate) { return !candidate.starts_with(start); });
  std::ranges::sort(candidates);
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

}  // namespace diglim::tool
