// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/stream.h"

#include <fmt/format.h>

#include <algorithm>

namespace diglab {
namespace {

/// Puts events where they belong; makes the place when it does not exist yet, so that a stream that lost lines is still
/// usable.
class Sorter {
 public:
  explicit Sorter(RunRecord& run) : run_(run) {}

  void at(EventTime time) { now_ = time; }

  void operator()(const event::RunBegin& e) {
    run_.begin = e;
    for (const ScenarioId& id : e.scenarios) scenario(id);
  }
  void operator()(const event::Phase&) {}
  void operator()(const event::ScenarioBegin& e) { scenario(e.scenario).begin = e; }
  void operator()(const event::VariantBegin& e) { variant(e.scenario, e.variant).facts = e.facts; }
  void operator()(const event::BootBegin& e) {
    variant(e.where).boots.push_back({.begun = now_, .begin = e, .ends = {}});
  }
  void operator()(const event::BootEnd& e) {
    auto& boots = variant(e.where).boots;
    auto same = [&](const BootRecord& boot) {
      return boot.begin.where.round == e.where.round && boot.begin.where.boot == e.where.boot;
    };
    auto found = std::ranges::find_if(boots, same);
    if (found == boots.end()) found = boots.insert(boots.end(), {.begun = now_, .begin = {e.where, ""}, .ends = {}});
    found->ends.push_back(e);
  }
  void operator()(const event::StepBegin& e) {
    variant(e.where).steps.push_back({.begun = now_, .begin = e, .end = {}});
  }
  void operator()(const event::StepEnd& e) {
    auto& steps = variant(e.where).steps;
    // The last one that is still open: a restored snapshot may run a step of the same name again. A reboot step ends in
    // another boot than the one in which it began.
    auto open = [&](const StepRecord& step) {
      return !step.end && step.begin.step == e.step && step.begin.repetition == e.repetition &&
             step.begin.where.round == e.where.round;
    };
    auto found = std::find_if(steps.rbegin(), steps.rend(), open);
    if (found != steps.rend()) {
      found->end = e;
    } else {
      steps.push_back({.begun = now_, .begin = {e.where, e.step, e.repetition, ""}, .end = e});
    }
  }
  void operator()(const event::Evidence& e) { variant(e.where).evidence.push_back(e); }
  void operator()(const event::Fault& e) {
    if (e.where.scenario.empty()) {
      run_.faults.push_back(e);
    } else if (e.where.variant.empty()) {
      scenario(e.where.scenario).faults.push_back(e);
    } else {
      variant(e.where).faults.push_back(e);
    }
  }
  void operator()(const event::VariantEnd& e) {
    VariantRecord& record = variant(e.scenario, e.variant);
    record.ended = now_;
    record.took = e.took;
  }
  void operator()(const event::ScenarioEnd& e) {
    ScenarioRecord& record = scenario(e.scenario);
    record.ended = now_;
    record.took = e.took;
  }
  void operator()(const event::Skipped& e) { scenario(e.scenario).skipped = e.reason; }
  void operator()(const event::RunEnd& e) { run_.end = e; }

 private:
  ScenarioRecord& scenario(const ScenarioId& id) {
    auto [position, is_new] = by_id_.try_emplace(id, run_.scenarios.size());
    if (is_new) run_.scenarios.emplace_back().id = id;
    return run_.scenarios[position->second];
  }
  VariantRecord& variant(const ScenarioId& id, const std::string& name) {
    auto& variants = scenario(id).variants;
    auto found = std::ranges::find(variants, name, &VariantRecord::name);
    if (found == variants.end()) {
      found = variants.emplace(variants.end());
      found->name = name;
      found->begun = now_;
    }
    found->last = now_;
    return *found;
  }
  VariantRecord& variant(const event::Where& where) { return variant(where.scenario, where.variant); }

  RunRecord& run_;
  EventTime now_;
  std::map<ScenarioId, std::size_t> by_id_;
};

}  // namespace

std::string BootRecord::outcome() const {
  if (ends.empty()) return {};
  for (const event::BootEnd& end : ends) {
    if (end.outcome == "panic") return end.outcome;
  }
  return ends.front().outcome;
}

std::string VariantRecord::last_seen() const {
  if (!steps.empty()) return fmt::format("{}, step {}", place(steps.back().begin.where), steps.back().begin.step.str());
  if (!boots.empty()) return fmt::format("{}, booting", place(boots.back().begin.where));
  return name;
}

const VariantRecord* ScenarioRecord::variant(std::string_view name) const {
  auto found = std::ranges::find(variants, name, &VariantRecord::name);
  return found == variants.end() ? nullptr : &*found;
}

RunRecord sort_events(std::span<const Event> events) {
  RunRecord run;
  if (events.empty()) return run;
  run.first = events.front().time;
  run.last = events.back().time;
  Sorter sorter(run);
  for (const Event& event : events) {
    sorter.at(event.time);
    std::visit(sorter, event.body);
  }
  return run;
}

std::string place(const event::Where& where) {
  std::string text = where.variant;
  text += fmt::format(", round {}", where.round);
  if (where.boot > 1) text += fmt::format(", boot {}", where.boot);
  return text;
}

}  // namespace diglab
