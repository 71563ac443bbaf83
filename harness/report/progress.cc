// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "judge/safe_text.h"
#include "report/table.h"
#include "scenario/parse.h"
#include "scenario/variant.h"

namespace diglab {
namespace {

using std::chrono::milliseconds;

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

TerminalSize size_of(int fd) {
  ::winsize size{};
  TerminalSize known;
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return known;
  if (size.ws_col > 0) known.columns = size.ws_col;
  if (size.ws_row > 0) known.rows = size.ws_row;
  return known;
}

milliseconds between(Progress::Time from, Progress::Time to) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(to - from));
}

const ScenarioId* scenario_of(const Event& event) {
  return std::visit(
      [](const auto& body) -> const ScenarioId* {
        if constexpr (requires { body.where; })
          return &body.where.scenario;
        else if constexpr (requires { body.scenario; })
          return &body.scenario;
        else
          return nullptr;
      },
      event.body);
}

int rounds_of(const std::string& text, const std::string& variant) {
  const auto scenario = parse_scenario(text, "scenario");
  return scenario ? variant_of(*scenario, variant).rounds : 0;
}

}  // namespace

ProgressStyle ProgressStyle::for_descriptor(int fd) {
  const char* terminal = std::getenv("TERM");
  const bool dumb = !terminal || !*terminal || std::string_view(terminal) == "dumb";
  const bool live = ::isatty(fd) == 1 && !dumb && !is_set("CI") && !is_set("NO_COLOR");
  return {.live = live, .colour = live, .size = [fd] { return size_of(fd); }};
}

Progress::Progress(ProgressStyle style, EvidenceReader read, Sink sink)
    : style_(std::move(style)), read_(std::move(read)), sink_(std::move(sink)) {}

Progress::~Progress() {
  finish();
}

void Progress::keep_time() {
  if (!style_.live || ticker_.joinable()) return;
  ticker_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      tick_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
      if (!stop.stop_requested()) draw(std::chrono::system_clock::now());
    }
  });
}

void Progress::finish() {
  if (ticker_.joinable()) {
    ticker_.request_stop();
    ticker_.join();
  }
  std::lock_guard lock(mutex_);
  if (over_) return;
  machines_.clear();
  over_ = true;
  draw({});
}

void Progress::operator()(const Event& event) {
  std::lock_guard lock(mutex_);
  if (over_) return;
  if (first_ == Time()) first_ = event.time;
  take(event);
  draw(event.time);
}

void Progress::tick(Time now) {
  std::lock_guard lock(mutex_);
  if (!over_) draw(now);
}

Progress::Machine* Progress::machine(const event::Where& where) {
  auto found = std::ranges::find_if(
      machines_, [&](const Machine& m) { return m.scenario == where.scenario && m.variant == where.variant; });
  if (found == machines_.end()) return nullptr;
  found->round = where.round;
  found->boot = where.boot;
  return &*found;
}

void Progress::take(const Event& event) {
  if (scenario_of(event)) stream_.push_back(event);
  if (const auto* e = std::get_if<event::RunBegin>(&event.body)) {
    announced_ = e->scenarios.size();
    phase_.clear();
    line(fmt::format("{}: {} scenario{}, {}", one_line(e->run), announced_, announced_ == 1 ? "" : "s",
                     one_line(e->acceleration)));
  } else if (const auto* phase_event = std::get_if<event::Phase>(&event.body)) {
    phase(*phase_event);
  } else if (const auto* begin = std::get_if<event::ScenarioBegin>(&event.body)) {
    texts_[begin->scenario] = begin->text;
  } else if (const auto* variant = std::get_if<event::VariantBegin>(&event.body)) {
    machines_.push_back({.scenario = variant->scenario,
                         .variant = variant->variant,
                         .doing = "starting",
                         .round = 1,
                         .rounds = rounds_of(texts_[variant->scenario], variant->variant),
                         .boot = 1,
                         .since = event.time});
  } else if (const auto* boot = std::get_if<event::BootBegin>(&event.body)) {
    if (Machine* m = machine(boot->where)) m->doing = "booting";
  } else if (const auto* up = std::get_if<event::BootEnd>(&event.body)) {
    if (Machine* m = machine(up->where)) m->doing = one_line(up->outcome, 20);
  } else if (const auto* step = std::get_if<event::StepBegin>(&event.body)) {
    if (Machine* m = machine(step->where)) m->doing = fmt::format("{}: {}", step->step.str(), one_line(step->what, 60));
  } else if (const auto* piece = std::get_if<event::Evidence>(&event.body)) {
    if (Machine* m = machine(piece->where)) m->doing = "collecting evidence";
  } else if (const auto* end = std::get_if<event::VariantEnd>(&event.body)) {
    std::erase_if(machines_,
                  [&](const Machine& m) { return m.scenario == end->scenario && m.variant == end->variant; });
  } else if (const auto* done = std::get_if<event::ScenarioEnd>(&event.body)) {
    scenario_ended(done->scenario);
  } else if (const auto* skipped = std::get_if<event::Skipped>(&event.body)) {
    scenario_ended(skipped->scenario);
  }
}

void Progress::phase(const event::Phase& phase) {
  const std::string what = one_line(phase.what, 100);
  const int tenth = phase.fraction ? static_cast<int>(*phase.fraction * 10) : 0;
  // Plain output gets a line when work of another name begins and for each tenth of it, not one for each step.
  if (!style_.live && what != phase_) line(what);
  if (!style_.live && what == phase_ && tenth > tenth_) line(fmt::format("{}: {} %", what, tenth * 10));
  phase_ = what;
  tenth_ = tenth;
  if (style_.live && phase.fraction) phase_ += fmt::format(" {:.0f} %", *phase.fraction * 100);
}

void Progress::scenario_ended(const ScenarioId& scenario) {
  std::vector<Event> mine;
  std::vector<Event> rest;
  for (Event& event : stream_) (*scenario_of(event) == scenario ? mine : rest).push_back(std::move(event));
  stream_ = std::move(rest);
  texts_.erase(scenario);
  for (const Verdict& verdict : judge(mine, read_)) {
    totals_.count(verdict.outcome);
    scenario_line(verdict);
  }
}

void Progress::scenario_line(const Verdict& verdict) {
  std::string text = fmt::format("{} {}  {}", badge(verdict.outcome, style_.colour), one_line(verdict.scenario.str()),
                                 duration(verdict.took));
  if (!style_.live) text = fmt::format("[{}/{}] {}", totals_.all(), announced_, text);
  if (!verdict.reason.empty()) text += fmt::format("\n       {}", one_line(verdict.reason, 300));
  line(text);
}

void Progress::line(std::string_view text) {
  finished_.append(text).append("\n");
}

std::string Progress::live_lines(Time now, std::size_t& count) const {
  // One column stays free: a terminal that wraps at its last column would put the cursor a line too low. So does one row, for the cursor:
  // lines that scroll away are not drawn over.
  const auto size = style_.size();
  const std::size_t width = std::max(20U, size.columns) - 1;
  const std::size_t most = std::max(4U, size.rows) - 2;  // beside the summary
  std::vector<std::string> lines;
  for (const Machine& m : machines_) {
    if (lines.size() + 1 == most && machines_.size() > most) {
      lines.push_back(fmt::format("  and {} more", machines_.size() - lines.size()));
      break;
    }
    std::string text = fmt::format("  {}  {}", one_line(m.scenario.str()), m.variant);
    if (m.rounds > 1) text += fmt::format("  round {}/{}", m.round, m.rounds);
    if (m.boot > 1) text += fmt::format("  boot {}", m.boot);
    lines.push_back(fmt::format("{}  {}  {}", text, duration(between(m.since, now)), m.doing));
  }
  if (machines_.empty() && !phase_.empty()) lines.push_back("  " + phase_);
  std::string summary = fmt::format("{}/{} done", totals_.all(), announced_);
  if (totals_.pass) summary += fmt::format(", {} pass", totals_.pass);
  if (totals_.fail) summary += fmt::format(", {} fail", totals_.fail);
  if (totals_.broken) summary += fmt::format(", {} broken", totals_.broken);
  if (totals_.skip) summary += fmt::format(", {} skip", totals_.skip);
  lines.push_back(fmt::format("{}, {}", summary, duration(between(first_, now))));
  std::string text;
  for (const std::string& one : lines) text += one_line(one, width - 1) + "\n";
  count = lines.size();
  return text;
}

void Progress::draw(Time now) {
  std::string out;
  if (!style_.live) {
    out = std::move(finished_);
  } else {
    // Back to the first live line, and clear from there on; then what is finished, then the lines anew, in one write.
    if (drawn_) out += fmt::format("\x1b[{}A\r\x1b[J", drawn_);
    out += finished_;
    drawn_ = 0;
    if (!over_) out += live_lines(now, drawn_);
  }
  finished_.clear();
  if (!out.empty()) sink_(out);
}

}  // namespace diglab
