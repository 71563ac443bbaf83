// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "os/command.h"

namespace diglab {
void Totals::count(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      ++pass;
      break;
    case Outcome::fail:
      ++fail;
      break;
    case Outcome::broken:
      ++broken;
      break;
    case Outcome::skip:
      ++skip;
      break;
  }
}

std::string Totals::to_string() const {
  std::vector<std::string> parts;
  if (pass) parts.push_back(fmt::format("{} pass", pass));
  if (fail) parts.push_back(fmt::format("{} fail", fail));
  if (broken) parts.push_back(fmt::format("{} broken", broken));
  if (skip) parts.push_back(fmt::format("{} skip", skip));
  std::string text = fmt::format("{} scenario{}", all(), all() == 1 ? "" : "s");
  if (!parts.empty()) text += fmt::format(": {}", fmt::join(parts, ", "));
  return text;
}

Totals totals_of(std::span<const Verdict> verdicts) {
  Totals totals;
  for (const Verdict& verdict : verdicts) totals.count(verdict.outcome);
  return totals;
}

std::string_view control_state(const Verdict& verdict) {
  bool any = false;
  bool passes = false;
  bool differs = false;
  for (const CheckVerdict& check : verdict.checks) {
    if (check.variant != "control") continue;
    any = true;
    passes = passes || (check.opposite && check.met);
    differs = differs || !check.as_wanted;
  }
  if (passes) return "passes too";
  if (differs) return "differs";
  if (any) return verdict.outcome == Outcome::broken ? "-" : "violates";
  return verdict.outcome == Outcome::pass || verdict.outcome == Outcome::fail ? "none" : "-";
}

std::string duration(std::chrono::milliseconds time) {
  const double seconds = static_cast<double>(time.count()) / 1000;
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

std::string date_and_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string rerun_command(const event::RunBegin* run, const ScenarioId& scenario) {
  Command command{"./diglab", "run", scenario.str()};
  if (run)
    for (const std::string& word : run->options) command.add(word);
  return command.to_shell();
}

}  // namespace diglab
