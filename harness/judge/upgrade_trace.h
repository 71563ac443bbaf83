// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// What diglab-probe saw of a transaction of packages, and what it tried meanwhile; the format is told in rpm-plugin/probe/trace.h. The
/// text comes from a guest.
struct UpgradeTrace {
  using Time = std::chrono::microseconds;  ///< Since the probe started.

  /// A moment that others can see; `name` is "rename(/usr/bin/tool)", or "hook(psm_pre added tool-2-1)".
  struct Point {
    unsigned number = 0;
    Time time{0};
    unsigned calls = 0;
    std::string name;
    [[nodiscard]] std::string to_string() const;  ///< "12:rename(/usr/bin/tool)"
  };
  /// Attempts one after the other that ended in the same way.
  struct Attempts {
    Time first{0}, last{0};
    unsigned long long count = 0;
    std::string access;  ///< "exec", "fexecve", "map"
    std::string result;  ///< "allowed", "absent", or an errno
    std::string digest;  ///< The beginning of it; "-": one of two files.
    bool never = false;  ///< Must never be allowed; otherwise always.
    std::string path;

    [[nodiscard]] bool is_violation() const { return never ? result == "allowed" : result != "allowed" && result != "absent"; }
  };

  std::string command;
  std::vector<Point> points;
  std::vector<Attempts> attempts;
  std::vector<std::string> windows;  ///< One line each, for people.
  std::optional<int> status;         ///< Of the command; none: the trace was cut off.

  [[nodiscard]] bool is_violated() const;
  [[nodiscard]] const Point* point(unsigned number) const;
  /// The points at which a violation was seen, or between which it was.
  [[nodiscard]] std::vector<const Point*> violated_points() const;
};

/// Nothing: this is no trace. Lines that say something else are passed over.
[[nodiscard]] std::optional<UpgradeTrace> parse_upgrade_trace(std::string_view text);

}  // namespace diglab
