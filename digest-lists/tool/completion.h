// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace diglim::tool {

/// What the last of `words` (those behind the program's name) can become: subcommands, or options if it begins with a dash. Empty where a
/// path or a value comes next, which is up to the shell.
[[nodiscard]] std::vector<std::string> complete(CLI::App& app, const std::vector<std::string>& words);

/// The options of a subcommand by their long names, with the dashes, without those that are hidden.
[[nodiscard]] std::vector<std::string> options_of(const CLI::App& app);

}  // namespace diglim::tool
