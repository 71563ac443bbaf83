// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "judge/event.h"

namespace diglab {

using EventTime = std::chrono::system_clock::time_point;

/// A step that began, and its outcome if it got one.
struct StepRecord {
  EventTime begun;
  event::StepBegin begin;
  std::optional<event::StepEnd> end;
};

/// One power-on. It may end more than once: "agent" when it answers, then "shutdown" or "panic".
struct BootRecord {
  EventTime begun;
  event::BootBegin begin;
  std::vector<event::BootEnd> ends;

  /// "agent", "panic", ...; a panic at any time outweighs that the agent answered once. Empty when nothing is known.
  [[nodiscard]] std::string outcome() const;
};

struct VariantRecord {
  std::string name;
  EventTime begun;
  std::optional<EventTime> ended;
  std::chrono::milliseconds took{0};
  std::map<std::string, std::string> facts;
  std::vector<BootRecord> boots;
  std::vector<StepRecord> steps;
  std::vector<event::Evidence> evidence;
  std::vector<event::Fault> faults;
  EventTime last;  ///< Of its last event.

  /// Where it was when the stream ended: "round 2, step exec".
  [[nodiscard]] std::string last_seen() const;
};

struct ScenarioRecord {
  ScenarioId id;
  std::optional<event::ScenarioBegin> begin;
  std::optional<std::string> skipped;
  std::vector<VariantRecord> variants;
  std::vector<event::Fault> faults;  ///< Those that name no variant.
  std::optional<EventTime> ended;
  std::chrono::milliseconds took{0};

  [[nodiscard]] const VariantRecord* variant(std::string_view name) const;
};

/// A stream, sorted by what it is about. Scenarios in the order in which the run announced them; one that never
/// began is there too.
struct RunRecord {
  std::optional<event::RunBegin> begin;
  std::optional<event::RunEnd> end;
  EventTime first;
  EventTime last;
  std::vector<ScenarioRecord> scenarios;
  std::vector<event::Fault> faults;  ///< Those that name no scenario.
};

[[nodiscard]] RunRecord sort_events(std::span<const Event> events);

/// "main, round 2", "control, round 1, boot 2": for people, who count from 1.
[[nodiscard]] std::string place(const event::Where& where);

}  // namespace diglab
