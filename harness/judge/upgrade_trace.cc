// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/upgrade_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace diglab {
namespace {

constexpr std::string_view first_line = "diglab-probe 1";

/// The words of a line, one after the other; what is left when all have been taken is its last field.
class Words {
 public:
  explicit Words(std::string_view line) : left_(line) {}

  std::string_view next() {
    const auto word = left_.substr(0, left_.find(' '));
    left_.remove_prefix(std::min(left_.size(), word.size() + 1));
    valid_ = valid_ && !word.empty();
    return word;
  }
  template <typename Number>
  Number number() {
    Number value{};
    const auto word = next();
    const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
    valid_ = valid_ && read.ec == std::errc{} && read.ptr == word.data() + word.size();
    return value;
  }
  UpgradeTrace::Time time() { return UpgradeTrace::Time(number<std::int64_t>()); }
  std::string rest() {
    valid_ = valid_ && !left_.empty();
    return std::string(std::exchange(left_, {}));
  }
  [[nodiscard]] bool valid() const { return valid_; }

 private:
  std::string_view left_;
  bool valid_ = true;
};

}  // namespace

std::string UpgradeTrace::Point::to_string() const { return fmt::format("{}:{}", number, name); }

bool UpgradeTrace::is_violated() const { return std::ranges::any_of(attempts, &Attempts::is_violation); }

const UpgradeTrace::Point* UpgradeTrace::point(unsigned number) const {
  const auto found = std::ranges::find(points, number, &Point::number);
  return found == points.end() ? nullptr : &*found;
}

std::vector<const UpgradeTrace::Point*> UpgradeTrace::violated_points() const {
  std::vector<const Point*> found;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Time from = points[i].time, to = i + 1 < points.size() ? points[i + 1].time : Time::max();
    // One that lasts counts for each point that it spans, one attempt for the point that it came after.
    if (std::ranges::any_of(attempts, [&](const Attempts& one) { return one.is_violation() && one.first < to && one.last >= from; })) found.push_back(&points[i]);
  }
  return found;
}

std::optional<UpgradeTrace> parse_upgrade_trace(std::string_view text) {
  const auto start = text.find(first_line);
  if (start == std::string_view::npos || (start != 0 && text[start - 1] != '\n')) return std::nullopt;
  text.remove_prefix(start + first_line.size());
  UpgradeTrace trace;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    Words words(line);
    const auto kind = words.next();
    if (kind == "command") {
      trace.command = words.rest();
    } else if (kind == "point") {
      UpgradeTrace::Point point{.number = words.number<unsigned>(), .time = words.time(), .calls = words.number<unsigned>(), .name = words.rest()};
      if (words.valid()) trace.points.push_back(std::move(point));
    } else if (kind == "try") {
      UpgradeTrace::Attempts one{.first = words.time(), .last = words.time(), .count = words.number<unsigned long long>(), .access = std::string(words.next()),
                                 .result = std::string(words.next()), .digest = std::string(words.next()), .never = words.next() == "never", .path = words.rest()};
      if (words.valid()) trace.attempts.push_back(std::move(one));
    } else if (kind == "window") {
      trace.windows.push_back(words.rest());
    } else if (kind == "end") {
      const int status = words.number<int>();
      if (words.valid()) trace.status = status;
      break;
    }
  }
  return trace;
}

}  // namespace diglab
