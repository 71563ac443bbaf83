// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "judge/safe_text.h"
#include "report/summary.h"

namespace diglab {

std::string badge(Outcome outcome, bool colour) {
  std::string word(to_string(outcome));
  for (char& c : word) c = static_cast<char>(c - 'a' + 'A');
  word.resize(6, ' ');
  if (!colour) return word;
  const int code = outcome == Outcome::pass ? 32 : outcome == Outcome::fail ? 31 : outcome == Outcome::broken ? 35 : 33;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, word);
}

std::string to_table(std::span<const Verdict> verdicts, const std::filesystem::path& report, bool colour) {
  std::size_t width = 8;
  for (const Verdict& verdict : verdicts)
    width = std::max(width, std::min<std::size_t>(one_line(verdict.scenario.str()).size(), 48));
  std::string out = fmt::format("VERDICT  {:{}}  {:10}  {:>8}\n", "SCENARIO", width, "CONTROL", "TIME");
  for (const Verdict& verdict : verdicts) {
    out += fmt::format("{}   {:{}}  {:10}  {:>8}\n", badge(verdict.outcome, colour), one_line(verdict.scenario.str()),
                       width, control_state(verdict), verdict.took.count() ? duration(verdict.took) : "-");
    if (!verdict.reason.empty()) out += fmt::format("         {}\n", one_line(verdict.reason, 300));
  }
  out += fmt::format("\n{}\n", totals_of(verdicts).to_string());
  if (!report.empty()) out += fmt::format("Report: {}\n", report.string());
  return out;
}

}  // namespace diglab
