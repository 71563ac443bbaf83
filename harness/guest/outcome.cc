// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/outcome.h"

namespace diglab {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

bool succeeded(const Ending& ending) {
  if (const auto* exited = std::get_if<Exited>(&ending)) return exited->status == 0;
  return std::holds_alternative<Done>(ending);
}

std::string to_string(const Ending& ending) {
  return std::visit(
      Overloaded{
          [](const Done&) -> std::string { return "done"; },
          [](const Failed& failed) { return failed.stage + ": " + failed.error.to_string(); },
          [](const Exited& exited) { return "exit status " + std::to_string(exited.status); },
          [](const Killed& killed) { return "killed by signal " + std::to_string(killed.signal) + " (" + killed.name + ")"; },
          [](const DeadlinePassed&) -> std::string { return "killed by its deadline"; },
      },
      ending);
}

}  // namespace diglab
