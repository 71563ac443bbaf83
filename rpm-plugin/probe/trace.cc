// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/trace.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <tuple>
#include <utility>

namespace diglim {
namespace {

/// rpm's temporary names end in ";" and the time in hexadecimal.
std::string without_time(const std::string& path) {
  std::string text = path;
  for (auto at = text.find(';'); at != std::string::npos; at = text.find(';', at + 1)) {
    auto end = at + 1;
    while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    text.erase(at + 1, end - at - 1);
  }
  return text;
}

}  // namespace

Microseconds now() {
  using namespace std::chrono;
  static const auto start = steady_clock::now();
  return duration_cast<microseconds>(steady_clock::now() - start).count();
}

bool Points::is_one(const Call& call) {
  return call.name == "rename" || call.name == "unlink" || call.name == "link" || call.name == "hook" || call.name == "start";
}

const Point& Points::add(const Call& call) {
  points_.push_back({.number = static_cast<unsigned>(points_.size()), .calls = call.point, .time = now(), .name = call.name + "(" + without_time(call.path) + ")"});
  return points_.back();
}

Trace::Trace(std::vector<Row> rows, std::vector<Point> points, std::vector<Observation> seen)
    : rows_(std::move(rows)), points_(std::move(points)), seen_(std::move(seen)) {
  std::ranges::stable_sort(seen_, {}, [](const Observation& one) { return std::tuple(one.row, one.time); });
  violated_ = std::ranges::any_of(seen_, [&](const Observation& one) { return rows_[one.row].is_violated_by(one.attempt.error); });
}

std::size_t Trace::fewest(Microseconds from, Microseconds to) const {
  std::vector<std::size_t> counts(rows_.size());
  for (const auto& one : seen_)
    if (one.time >= from && one.time <= to) ++counts[one.row];
  return counts.empty() ? 0 : *std::ranges::min_element(counts);
}

void Trace::print(const std::vector<std::string>& command, int status) const {
  std::printf("diglab-probe 1\ncommand");
  for (const auto& word : command) std::printf(" %s", word.c_str());
  std::printf("\n");
  for (const auto& point : points_) std::printf("point %u %lld %u %s\n", point.number, static_cast<long long>(point.time), point.calls, point.name.c_str());
  for (std::size_t i = 0; i < seen_.size();) {
    const auto& first = seen_[i];
    const auto alike = [&](const Observation& one) {
      // What took the place of another file meanwhile was one of the two.
      return one.row == first.row && one.attempt.error == first.attempt.error && one.attempt.digest == first.attempt.digest;
    };
    std::size_t end = i;
    while (end < seen_.size() && alike(seen_[end])) ++end;
    const Row& row = rows_[first.row];
    std::printf("try %lld %lld %zu %s %s %s %s %s\n", static_cast<long long>(first.time), static_cast<long long>(seen_[end - 1].time), end - i,
                std::string(to_string(row.access)).c_str(), result_name(first.attempt.error).c_str(),
                first.attempt.digest.empty() ? "-" : first.attempt.digest.substr(0, 16).c_str(), row.never ? "never" : "must", row.path.c_str());
    i = end;
  }
  for (const auto& line : windows()) std::printf("%s\n", line.c_str());
  std::printf("end %d\n", status);
}

/// From the first violation of a row to the last one before it was as it should be again.
std::vector<std::string> Trace::windows() const {
  std::vector<std::string> lines;
  const auto point_at = [&](Microseconds time) {
    const auto next = std::ranges::upper_bound(points_, time, {}, &Point::time);
    return next == points_.begin() ? nullptr : &*std::prev(next);
  };
  const auto violates = [&](const Observation& one) { return rows_[one.row].is_violated_by(one.attempt.error); };
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (!violates(seen_[i])) continue;
    std::size_t end = i + 1;
    while (end < seen_.size() && seen_[end].row == seen_[i].row && violates(seen_[end])) ++end;
    const auto &first = seen_[i], &last = seen_[end - 1];
    const Row& row = rows_[first.row];
    const Point *from = point_at(first.time), *to = point_at(last.time);
    const Point none{.name = "start"};
    from = from == nullptr ? &none : from;
    to = to == nullptr ? &none : to;
    char text[96];
    std::snprintf(text, sizeof text, ": %u points, %u calls, %.1f ms", to->number - from->number + 1, to->calls - from->calls + 1,
                  static_cast<double>(last.time - first.time) / 1000);
    lines.push_back("window " + std::string(to_string(row.access)) + " " + row.path + ": " + result_name(first.attempt.error) + " from " + from->to_string() + " to " +
                    to->to_string() + text);
    i = end - 1;
  }
  return lines;
}

}  // namespace diglim
