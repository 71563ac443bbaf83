// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/explain_command.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/explanation.h"
#include "cli/read_scenarios.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

/// A file's path, or an id (or glob) of the catalogue.
Result<std::vector<Scenario>> named(const std::string& name, const CliContext& context) {
  if (name.ends_with(".yaml")) return std::vector<Scenario>{TRY(read_scenario(context, name))};
  auto all = TRY(read_scenarios(context));
  return select(all, {.patterns = {name}, .tags = {}, .shard = {}});
}

int explain(const std::vector<std::string>& names, const CliContext& context) {
  std::string text;
  for (const auto& name : names) {
    auto scenarios = named(name, context);
    if (!scenarios) return report_error(scenarios.error());
    for (const auto& scenario : *scenarios) text += (text.empty() ? "" : "\n" + std::string(100, '-') + "\n\n") + explanation(scenario);
  }
  fmt::print("{}", text);
  return 0;
}

}  // namespace

void add_explain_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("explain", "Say in words what a scenario claims, does and expects, and what its control must show");
  command->add_option("scenario", *names, "An id, a group, a glob, or a .yaml file")->required();
  command->callback([names, &context, &chosen] { chosen = [names, &context] { return explain(*names, context); }; });
}

}  // namespace diglab
