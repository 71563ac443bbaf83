// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "probe/attempt.h"
#include "probe/stepped_run.h"

namespace diglim {

/// Microseconds since the probe started.
using Microseconds = std::int64_t;
[[nodiscard]] Microseconds now();

/// A moment of a transaction that others can see: a hook, or a call that gives or takes names, or starts a program. Counted from 0,
/// so that the same transaction has the same points.
struct Point {
  unsigned number = 0;
  unsigned calls = 0;  ///< All calls up to then that change something, those between points included.
  Microseconds time = 0;
  std::string name = {};  ///< "rename(/usr/bin/tool)"

  [[nodiscard]] std::string to_string() const { return std::to_string(number) + ":" + name; }
  /// Whether a text names it: its number, its name, or both.
  [[nodiscard]] bool is(const std::string& text) const { return text == std::to_string(number) || text == name || text == to_string(); }
};

/// Tells the points of a run one from the other. Times of rpm's making, in temporary names, are taken out of their names.
class Points {
 public:
  [[nodiscard]] static bool is_one(const Call& call);
  const Point& add(const Call& call);
  [[nodiscard]] const std::vector<Point>& all() const { return points_; }

 private:
  std::vector<Point> points_;
};

/// One use of a file at a time. `row` is an index.
struct Observation {
  Microseconds time;
  std::size_t row;
  Attempt attempt;
};

/// A run of a program, and what was tried meanwhile, as lines of text that the harness draws:
///
///     diglab-probe 1
///     command rpm -U tool-2-1.noarch.rpm
///     point NUMBER TIME CALLS NAME
///     try FIRST LAST COUNT ACCESS RESULT DIGEST RULE PATH       consecutive attempts with the same outcome; times in microseconds
///     window ACCESS PATH: RESULT from POINT to POINT: N points, M calls, T ms
///     end STATUS of the command
///
/// RULE is "must" or "never"; a DIGEST that is not known is "-".
class Trace {
 public:
  Trace(std::vector<Row> rows, std::vector<Point> points, std::vector<Observation> seen);
  void print(const std::vector<std::string>& command, int status) const;
  [[nodiscard]] bool is_violated() const { return violated_; }
  /// The fewest attempts of a row between two times.
  [[nodiscard]] std::size_t fewest(Microseconds from, Microseconds to) const;

 private:
  struct Window;
  [[nodiscard]] std::vector<std::string> windows() const;

  std::vector<Row> rows_;
  std::vector<Point> points_;
  std::vector<Observation> seen_;  ///< By row, then by time.
  bool violated_ = false;
};

}  // namespace diglim
