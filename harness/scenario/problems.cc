// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/problems.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace diglab {

void Problems::add(Position at, std::string text) {
  if (found_.size() == most_shown) {
    more_ = true;
    return;
  }
  Problem problem{at, std::move(text)};
  if (std::ranges::find(found_, problem) == found_.end()) found_.push_back(std::move(problem));
}

Error Problems::to_error() const {
  auto sorted = found_;
  std::ranges::sort(sorted);
  std::vector<std::string> lines;
  for (const auto& problem : sorted) {
    lines.push_back(fmt::format("{}:{}:{}: {}", file_, problem.at.line, problem.at.column, problem.text));
  }
  if (more_) lines.push_back(fmt::format("{}: more than {} faults; the others are not shown", file_, most_shown));
  return Error(ErrorKind::bad_input, fmt::format("{}", fmt::join(lines, "\n")));
}

}  // namespace diglab
