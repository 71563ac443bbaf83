// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/parse.h"

#include <algorithm>
#include <regex>

#include <fmt/format.h>

#include "scenario/crosscheck.h"
#include "scenario/read_check.h"
#include "scenario/read_control.h"
#include "scenario/read_machine.h"
#include "scenario/read_policy.h"
#include "scenario/read_step.h"

namespace diglab {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;
constexpr int most_rounds = 1000;
constexpr int longest_round = 24 * 3600;

bool is_scenario_id(const std::string& id) {
  auto lower = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  auto slash = id.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == id.size()) return false;
  std::string_view group(id.data(), slash), name(id.data() + slash + 1, id.size() - slash - 1);
  return std::ranges::all_of(group, lower) && std::ranges::all_of(name, lower);
}

std::vector<std::string> read_sources(const YamlNode& node, Problems& problems) {
  std::vector<std::string> sources;
  if (!is_list(node, "sources", problems)) return sources;
  for (const auto& item : node.items) {
    if (auto source = read_word(item, "sources", words::source, problems)) sources.push_back(*source);
  }
  return sources;
}

std::vector<std::string> read_tags(const YamlNode& node, Problems& problems) {
  std::vector<std::string> tags;
  if (!is_list(node, "tags", problems)) return tags;
  for (const auto& item : node.items) {
    if (auto tag = read_name(item, "tags", problems); !tag.empty()) tags.push_back(std::move(tag));
  }
  return tags;
}

SkipUnless read_skip_unless(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::skip_unless, problems);
  SkipUnless wanted{.acceleration = fields.word("acceleration", words::acceleration).value_or(""), .because = fields.text("because").value_or("")};
  while (wanted.because.ends_with('\n')) wanted.because.pop_back();
  if (wanted.because.find('\n') != std::string::npos) problems.add(fields.find("because")->at, "'because': expected one line");
  return wanted;
}

void read_head(const Fields& fields, Scenario& scenario) {
  auto& problems = fields.problems();
  if (auto id = fields.text("id")) {
    scenario.id = ScenarioId(*id);
    if (!is_scenario_id(*id)) {
      problems.add(fields.find("id")->at, fmt::format("'id': expected group/name in lower case, digits and '-', found '{}'", *id));
    }
  }
  scenario.claim = fields.text("claim").value_or("");
  if (const auto* sources = fields.find("sources")) scenario.sources = read_sources(*sources, problems);
  if (const auto* tags = fields.find("tags")) scenario.tags = read_tags(*tags, problems);
  if (const auto* skip = fields.find("skip_unless")) scenario.skip_unless = read_skip_unless(*skip, problems);
  scenario.alone = fields.boolean("alone").value_or(false);
  scenario.rounds = fields.integer("rounds", 1, most_rounds).value_or(1);
  if (auto seconds = fields.integer("timeout", 1, longest_round)) scenario.timeout = std::chrono::seconds(*seconds);
  if (auto seconds = fields.integer("boot_timeout", 1, longest_round)) scenario.boot_timeout = std::chrono::seconds(*seconds);
}

void read_scenario(const YamlNode& root, const Known& known, Scenario& scenario, Problems& problems) {
  Fields fields(root, keys::scenario, problems);
  if (!fields.valid()) return;
  read_head(fields, scenario);
  if (const auto* machine = fields.find("machine")) scenario.machine = read_machine(*machine, known, problems);
  auto dialect = dialect_of(scenario.machine.kernel.value_or("stock"));

  Ids ids;
  StepReader steps(scenario.text, dialect, ids, problems);
  if (const auto* list = fields.find("steps")) scenario.steps = steps.read(*list, "steps", "step");
  if (const auto* list = fields.find("checks")) scenario.checks = read_checks(*list, scenario.steps, ids, problems);

  auto policies = steps.policies();
  const auto* policy = fields.find("policy");
  if (policy) {
    scenario.policy = read_text(*policy, "policy", problems).value_or("");
    check_policy(*policy, scenario.text, dialect, "", problems);
  }

  const auto* control = fields.find("control");
  if (control) {
    if (policy && !Fields(*control, keys::control, problems).find("policy")) policies.push_back(policy);
    scenario.control = read_control(*control, scenario, policies, known, ids, problems);
  }
  scenario.no_control_because = fields.text("no_control_because").value_or("");
  if (!control && !fields.find("no_control_because")) {
    problems.add(root.at, "neither 'control' nor 'no_control_because': a scenario whose opposite is never seen proves nothing");
  }
  if (control && fields.find("no_control_because")) {
    problems.add(fields.key_at("no_control_because"), "'no_control_because' beside a 'control'; expected one of the two");
  }
}

}  // namespace

Result<Scenario> parse_scenario(std::string text, std::string file, const Known& known) {
  Problems problems(file);
  if (text.size() > largest_file) {
    problems.add({}, fmt::format("the file has {} bytes; a scenario has at most {}", text.size(), largest_file));
    return fail(problems.to_error());
  }
  Scenario scenario;
  scenario.text = std::move(text);
  scenario.file = std::move(file);
  if (auto root = read_yaml(scenario.text, problems)) read_scenario(*root, known, scenario, problems);
  // Contradictions are looked for only when every part is right: they would repeat its faults.
  if (problems.empty()) crosscheck(scenario, problems);
  if (!problems.empty()) return fail(problems.to_error());
  return scenario;
}

}  // namespace diglab
