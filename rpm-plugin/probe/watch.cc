// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/watch.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

#include "probe/attempt.h"
#include "probe/stepped_run.h"
#include "probe/trace.h"

namespace diglim {
namespace {

constexpr std::size_t enough = 3;  ///< Attempts of each row while the command runs.
constexpr auto before_and_after = std::chrono::milliseconds(300);
/// After what was not as it should be: each is a line on the console, which must not be all that the machine still does.
constexpr auto after_violation = std::chrono::milliseconds(20);
/// The transaction comes first, or each of the stops at its calls would wait for us.
constexpr int niceness = 10;

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  (void)::sched_setaffinity(0, sizeof set, &set);
}

/// One thread for each CPU, each of which goes through the rows from another one on.
class Traffic {
 public:
  explicit Traffic(const std::vector<Row>& rows) : rows_(rows) {
    const auto cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
    seen_.resize(static_cast<std::size_t>(cpus));
    for (int cpu = 0; cpu < cpus; ++cpu) threads_.emplace_back([this, cpu] { work(cpu); });
  }
  std::vector<Observation> stop() {
    stopped_ = true;
    threads_.clear();
    std::vector<Observation> all;
    for (auto& some : seen_) all.insert(all.end(), some.begin(), some.end());
    return all;
  }

 private:
  void work(int cpu) {
    pin(cpu);
    (void)::setpriority(PRIO_PROCESS, 0, niceness);  // Of this thread.
    auto& seen = seen_[static_cast<std::size_t>(cpu)];
    for (std::size_t row = rows_.size() * static_cast<std::size_t>(cpu) / seen_.size(); !stopped_; ++row) {
      const Row& one = rows_[row % rows_.size()];
      const auto time = now();
      seen.push_back({time, row % rows_.size(), attempt(one.access, one.path)});
      if (one.is_violated_by(seen.back().attempt.error)) std::this_thread::sleep_for(after_violation);
    }
  }

  const std::vector<Row>& rows_;
  std::vector<std::vector<Observation>> seen_;
  std::atomic<bool> stopped_ = false;
  std::vector<std::jthread> threads_;
};

int conclude(const Trace& trace, const Watched& watched, const RunResult& result, bool said_enough) {
  trace.print(watched.command, result.status);
  std::fputs(result.output.c_str(), stderr);
  if (trace.is_violated()) return violated;
  if (!said_enough) std::fputs("diglab-probe: too few attempts\n", stderr);
  return result.status == 0 && said_enough ? as_it_should_be : failed;
}

}  // namespace

int record(const Watched& watched) {
  const auto rows = rows_of(watched.paths, watched.never);
  Points points;
  Traffic traffic(rows);
  std::this_thread::sleep_for(before_and_after);
  const auto started = now();
  const auto result = run_stepped(watched.command, {.before = {}, .after = [&](const Call& call) {
    if (Points::is_one(call)) points.add(call);
  }, .follow = false});
  const auto ended = now();
  std::this_thread::sleep_for(before_and_after);
  const Trace trace(rows, points.all(), traffic.stop());
  return conclude(trace, watched, result, trace.fewest(started, ended) >= enough);
}

int walk(const Watched& watched, const std::string& only) {
  const auto rows = rows_of(watched.paths, watched.never);
  Points points;
  std::vector<Observation> seen;
  const unsigned long wanted = std::strtoul(only.c_str(), nullptr, 10);
  bool came_by = only.empty(), diverged = false;
  const auto result = run_stepped(watched.command, {.before = {}, .after = [&](const Call& call) {
    if (!Points::is_one(call)) return;
    const Point point = points.add(call);
    if (!only.empty()) {
      if (point.number != wanted) return;
      came_by = true;
      diverged = only.find(':') != std::string::npos && point.to_string() != only;
      if (diverged) std::fprintf(stderr, "diglab-probe: the point is now %s\n", point.to_string().c_str());
    }
    for (std::size_t row = 0; row < rows.size(); ++row) seen.push_back({now(), row, attempt(rows[row].access, rows[row].path)});
  }, .follow = false});
  if (!came_by) std::fprintf(stderr, "diglab-probe: there are only %zu points\n", points.all().size());
  const Trace trace(rows, points.all(), std::move(seen));
  const int status = conclude(trace, watched, result, true);
  return diverged || !came_by ? failed : status;
}

}  // namespace diglim
