// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/list_command.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/read_scenarios.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

struct ListArguments {
  Selection selection;
  std::string shard;
  std::string scenarios;
  bool json = false;
};

void print_json(const std::vector<Scenario>& scenarios) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& scenario : scenarios) {
    all.push_back({{"id", scenario.id.str()},
                   {"claim", scenario.claim},
                   {"sources", scenario.sources},
                   {"tags", scenario.tags},
                   {"rounds", scenario.rounds},
                   {"has_control", scenario.control.has_value()},
                   {"file", scenario.file}});
  }
  fmt::print("{}\n", all.dump(2));
}

void print_table(const std::vector<Scenario>& scenarios) {
  std::size_t id_width = 0, tag_width = 0;
  for (const auto& scenario : scenarios) {
    id_width = std::max(id_width, scenario.id.str().size());
    tag_width = std::max(tag_width, fmt::formatted_size("{}", fmt::join(scenario.tags, " ")));
  }
  for (const auto& scenario : scenarios) {
    fmt::print("{:<{}}  {:<{}}  {}\n", scenario.id.str(), id_width, fmt::format("{}", fmt::join(scenario.tags, " ")), tag_width, scenario.claim);
  }
}

int list(const ListArguments& arguments, const CliContext& context) {
  auto all = read_scenarios(context, arguments.scenarios);
  if (!all) return report_error(all.error());
  auto selection = arguments.selection;
  if (selection.patterns.empty() && selection.tags.empty()) selection.patterns = {"*"};
  if (!arguments.shard.empty()) {
    auto shard = parse_shard(arguments.shard);
    if (!shard) return report_error(shard.error());
    selection.shard = *shard;
  }
  auto chosen = select(*all, selection);
  if (!chosen) return report_error(chosen.error());
  if (arguments.json) print_json(*chosen);
  else print_table(*chosen);
  return 0;
}

}  // namespace

void add_list_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<ListArguments>();
  CLI::App* command = app.add_subcommand("list", "List scenarios: id, tags, claim");
  command->add_option("scenario", arguments->selection.patterns, "Ids, groups or globs (default: all)");
  command->add_option("--tag", arguments->selection.tags, "Only scenarios with one of these tags");
  command->add_option("--without-tag", arguments->selection.without_tags, "And none of these");
  command->add_option("--shard", arguments->shard, "Only part I of N, as run would take it")->type_name("I/N");
  command->add_option("--scenarios", arguments->scenarios, "Another directory of scenarios")->type_name("DIR");
  command->add_flag("--json", arguments->json, "As a JSON array");
  command->callback([arguments, &context, &chosen] { chosen = [arguments, &context] { return list(*arguments, context); }; });
}

}  // namespace diglab
