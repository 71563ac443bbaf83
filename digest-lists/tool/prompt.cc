// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/prompt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

namespace diglim::tool {
namespace {

/// "all" answers for the rest.
class Terminal {
 public:
  std::optional<bool> ask(const Unpackaged& file) {
    if (all_) return true;
    for (;;) {
      fmt::print(stderr, "{} ({}{}): allow it? [y]es, [n]o, [a]ll of the rest, [q]uit: ", file.path, file.kind,
                 file.owner.empty() ? "" : ", other content than in " + file.owner);
      std::string answer;
      if (!std::getline(std::cin, answer) || answer == "q") return std::nullopt;
      if (answer == "a") all_ = true;
      if (answer == "a" || answer == "y") return true;
      if (answer == "n") return false;
    }
  }

 private:
  bool all_ = false;
};

}  // namespace

Result<Report> generate_unpackaged_here(const GenerateUnpackaged& wish, const Context& context) {
  GenerateUnpackaged asking = wish;
  if (::isatty(STDIN_FILENO) == 1) asking.ask = [terminal = Terminal()](const Unpackaged& file) mutable { return terminal.ask(file); };
  return generate_unpackaged(asking, context);
}

}  // namespace diglim::tool
