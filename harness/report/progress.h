// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "judge/verdict.h"
#include "report/summary.h"

namespace diglab {

/// How progress is shown.
struct TerminalSize {
  unsigned columns = 80;
  unsigned rows = 24;
};

struct ProgressStyle {
  bool live = false;  ///< Lines that are redrawn; otherwise plain ones, each written once.
  bool colour = false;
  std::function<TerminalSize()> size = [] { return TerminalSize{}; };  ///< Of the terminal, asked at every drawing.

  /// For a file descriptor: live when it is a terminal that is not dumb, and neither CI nor NO_COLOR is set.
  static ProgressStyle for_descriptor(int fd);
};

/// Shows a run while it happens; fed with each event as it is written.
///
/// Live: one line per machine (scenario, variant, round, boot, step, time) and a line of totals, redrawn in place,
/// while scenarios that end scroll away above. Plain: a line per scenario that ends and per phase. Any thread may feed
/// it. A scenario's verdict is computed here, from its events so far, when it ends.
class Progress {
 public:
  using Sink = std::function<void(std::string_view)>;
  using Time = std::chrono::system_clock::time_point;

  /// `sink` gets text to be written at once, whole lines with their control sequences.
  Progress(ProgressStyle style, EvidenceReader read, Sink sink);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void operator()(const Event& event);

  /// Redraws, so that times go on while nothing happens. `keep_time` does so once a second from a thread of its own.
  void tick(Time now);
  void keep_time();

  /// Removes the live lines; nothing is drawn any more.
  void finish();

 private:
  struct Machine {
    ScenarioId scenario;
    std::string variant;
    std::string doing;
    int round = 0;
    int rounds = 0;
    int boot = 0;
    Time since;  ///< When this variant began.
  };

  void take(const Event& event);
  void scenario_ended(const ScenarioId& scenario);
  void scenario_line(const Verdict& verdict);
  void phase(const event::Phase& phase);
  Machine* machine(const event::Where& where);
  void line(std::string_view text);  ///< A finished line.
  void draw(Time now);
  [[nodiscard]] std::string live_lines(Time now, std::size_t& count) const;

  ProgressStyle style_;
  EvidenceReader read_;
  Sink sink_;
  mutable std::mutex mutex_;
  std::vector<Event> stream_;  ///< Of the scenarios that have not ended, to be judged when they do.
  std::map<ScenarioId, std::string> texts_;
  std::vector<Machine> machines_;
  std::string phase_;
  int tenth_ = 0;  ///< Of the phase, done so far.
  std::size_t announced_ = 0;
  Totals totals_;
  Time first_;
  std::string finished_;   ///< Lines to be written above the live ones.
  std::size_t drawn_ = 0;  ///< Live lines on the screen.
  bool over_ = false;
  std::condition_variable_any tick_;
  std::jthread ticker_;
};

}  // namespace diglab
