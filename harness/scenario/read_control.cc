// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/read_control.h"

#include <algorithm>

#include <fmt/format.h>

#include "scenario/read_expect.h"
#include "scenario/read_machine.h"
#include "scenario/read_policy.h"
#include "scenario/read_step.h"
#include "scenario/suggest.h"
#include "scenario/variant.h"

namespace diglab {
namespace {

constexpr int most_rounds = 1000;
constexpr int longest_log = 1'000'000;

/// The ids that a control may name, for look-up and for near matches.
struct Nameable {
  std::vector<std::string> steps, checks;

  explicit Nameable(const Scenario& scenario) {
    for (const auto* step : flatten(scenario.steps)) steps.push_back(step->id.str());
    for (const auto& check : scenario.checks) checks.push_back(check.id.str());
  }
  [[nodiscard]] bool has_step(const std::string& id) const { return std::ranges::find(steps, id) != steps.end(); }
  [[nodiscard]] bool has_check(const std::string& id) const { return std::ranges::find(checks, id) != checks.end(); }
  [[nodiscard]] std::vector<std::string_view> all() const {
    std::vector<std::string_view> both(steps.begin(), steps.end());
    both.insert(both.end(), checks.begin(), checks.end());
    return both;
  }
};

std::map<CheckId, Step> read_replacements(const YamlNode& node, const Nameable& known, StepReader& reader, Problems& problems) {
  std::map<CheckId, Step> replacements;
  if (node.kind != YamlNode::Kind::mapping) {
    problems.add(node.at, fmt::format("'replace': expected a mapping from ids of steps to steps, found {}", node.describe()));
    return replacements;
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& key = node.keys[i];
    if (!known.has_step(key.text)) {
      std::vector<std::string_view> steps(known.steps.begin(), known.steps.end());
      problems.add(key.at, fmt::format("'replace': there is no step '{}'{}; expected one of {}", key.text, did_you_mean(key.text, steps),
                                       comma_list(steps)));
    }
    const auto& body = node.items[i];
    if (std::ranges::find(body.keys, "id", &YamlNode::text) != body.keys.end()) {
      problems.add(body.at, fmt::format("a replacing step keeps the id '{}': leave 'id' out", key.text));
    }
    Step step = reader.read_one(body, "replaced");
    step.id = CheckId(key.text);
    if (!replacements.emplace(step.id, std::move(step)).second) {
      problems.add(key.at, fmt::format("the step '{}' is replaced twice", key.text));
    }
  }
  return replacements;
}

Opposite read_opposite(const YamlNode& node, const Nameable& known, Problems& problems) {
  Opposite opposite;
  Position at = node.at;
  if (node.kind == YamlNode::Kind::mapping) {
    Fields fields(node, keys::opposite, problems);
    opposite.check = CheckId(fields.text("check").value_or(""));
    at = fields.find("check") ? fields.find("check")->at : at;
    if (const auto* instead = fields.find("instead")) {
      opposite.instead = read_expectation(*instead, problems);
      if (known.has_check(opposite.check.str())) {
        problems.add(fields.key_at("instead"), fmt::format("'instead' is for steps; '{}' is a check, which simply must not hold", opposite.check.str()));
      }
    }
  } else {
    opposite.check = CheckId(read_text(node, "opposite", problems).value_or(""));
  }
  const auto& id = opposite.check.str();
  if (!id.empty() && !known.has_step(id) && !known.has_check(id)) {
    auto all = known.all();
    problems.add(at, fmt::format("'opposite': there is no step or check '{}'{}; expected one of {}", id, did_you_mean(id, all), comma_list(all)));
  }
  return opposite;
}

}  // namespace

Control read_control(const YamlNode& node, const Scenario& scenario, const std::vector<const YamlNode*>& policies,
                     const Known& known_machines, Ids& ids, Problems& problems) {
  Fields fields(node, keys::control, problems);
  Control control;
  if (!fields.valid()) return control;
  Nameable known(scenario);
  control.why = fields.text("why").value_or("");
  if (const auto* machine = fields.find("machine")) control.machine = read_machine(*machine, known_machines, problems);
  control.rounds = fields.integer("rounds", 1, most_rounds);

  auto main_kernel = scenario.machine.kernel.value_or("stock");
  auto kernel = control.machine.kernel.value_or(main_kernel);
  auto dialect = dialect_of(kernel);
  StepReader reader(scenario.text, dialect, ids, problems);
  if (const auto* before = fields.find("before")) control.before = reader.read(*before, "before", "before");
  if (const auto* replace = fields.find("replace")) control.replace = read_replacements(*replace, known, reader, problems);

  const auto* policy = fields.find("policy");
  if (policy) {
    // An empty text in quotes takes the main variant's policy away.
    bool none = policy->kind == YamlNode::Kind::scalar && policy->quoted && policy->text.empty();
    control.policy = none ? "" : read_text(*policy, "policy", problems);
    if (control.policy) check_policy(*policy, scenario.text, dialect, "", problems);
  }
  if (kernel != main_kernel) {
    auto note = fmt::format("in the control, whose kernel is '{}': ", kernel);
    for (const auto* inherited : policies) check_policy(*inherited, scenario.text, dialect, note, problems);
  }

  if (const auto* tamper = fields.find("tamper")) {
    control.tamper.log_bit_in_entry = Fields(*tamper, keys::tamper, problems).integer("log_bit_in_entry", 0, longest_log);
  }
  if (const auto* opposite = fields.find("opposite"); opposite && is_list(*opposite, "opposite", problems)) {
    if (opposite->items.empty()) problems.add(opposite->at, "'opposite': expected at least one step or check that must be violated");
    for (const auto& item : opposite->items) control.opposite.push_back(read_opposite(item, known, problems));
  }
  bool same = !fields.find("machine") && !policy && !fields.find("before") && !fields.find("replace") && !fields.find("tamper");
  if (same) problems.add(node.at, "the control changes nothing; expected at least one of machine, policy, before, replace, tamper");
  return control;
}

}  // namespace diglab
