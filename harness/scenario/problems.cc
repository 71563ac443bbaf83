// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/problems.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace diglab {

void Problems::add(Position at, std::string text) {
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
  return Error(ErrorKind::bad_input, fmt::format("{}", fmt::join(lines, "\n")));
}

}  // namespace diglab
