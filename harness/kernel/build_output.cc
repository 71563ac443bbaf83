// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/build_output.h"

#include <algorithm>
#include <array>
#include <vector>

namespace diglab {
namespace {

template <typename Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    visit(line);
  }
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

/// "  CC      fs/exec.o", "  CC [M]  lib/crc7.o"
std::optional<std::string_view> step_file(std::string_view line) {
  if (!line.starts_with("  ") || line.size() < 5 || !is_upper(line[2])) return std::nullopt;
  std::size_t end = 2;
  while (end < line.size() && (is_upper(line[end]) || (line[end] >= '0' && line[end] <= '9') || line[end] == '_')) ++end;
  if (end < 4 || end == line.size() || line[end] != ' ') return std::nullopt;
  auto file = line.find_last_of(' ');
  return line.substr(file + 1);
}

}  // namespace

std::optional<std::string_view> StepCounter::feed(std::string_view line) {
  auto file = step_file(line);
  if (file) ++done_;
  return file;
}

std::optional<double> StepCounter::fraction() const {
  if (total_ <= 0) return std::nullopt;
  return std::min(0.99, static_cast<double>(done_) / static_cast<double>(total_));
}

int count_planned_steps(std::string_view dry_run) {
  int count = 0;
  each_line(dry_run, [&](std::string_view line) {
    auto at = line.find("echo '  ");
    if (at != std::string_view::npos && step_file(line.substr(at + 6, line.substr(at + 6).find('\'')))) ++count;
  });
  return count;
}

std::string first_errors(std::string_view output, std::size_t limit) {
  static constexpr std::array<std::string_view, 9> causes = {" error: ", "fatal error", "undefined reference", "ERROR: ", "No rule to make target",
                                                             "multiple definition", "not found", "syntax error", "No such file"};
  std::vector<std::string_view> found, from_make;
  each_line(output, [&](std::string_view line) {
    if (line.starts_with("make") && line.find("***") != std::string_view::npos) {
      from_make.push_back(line);
    } else if (std::ranges::any_of(causes, [&](std::string_view cause) { return line.find(cause) != std::string_view::npos; })) {
      found.push_back(line);
    }
  });
  if (found.empty()) found = std::move(from_make);
  if (found.empty()) {
    // Nothing known: the end of the output is the best there is.
    each_line(output, [&](std::string_view line) { found.push_back(line); });
    if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  }
  std::string text;
  for (std::string_view line : found) {
    if (limit-- == 0) break;
    if (line.starts_with("../")) line.remove_prefix(3);  // As seen from the tree instead of from obj/.
    text += (text.empty() ? "" : "\n") + std::string(line);
  }
  return text;
}

std::string host_trouble(std::string_view output) {
  std::string trouble;
  each_line(output, [&](std::string_view line) {
    if (!trouble.empty()) return;
    for (std::string_view sign : {"No space left on device", "Disk quota exceeded", "Killed signal terminated program", "Cannot allocate memory",
                                  "Read-only file system", "Input/output error"})
      if (line.find(sign) != std::string_view::npos) trouble = line;
  });
  return trouble;
}

}  // namespace diglab
