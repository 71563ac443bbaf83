// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/ktap.h"

#include <fmt/format.h>

#include "judge/safe_text.h"

namespace diglab {
namespace {

/// A description ends at '#', and a diagnostic is one line.
std::string description(std::string_view text) {
  std::string line = one_line(text, 300);
  for (char& c : line) {
    if (c == '#') c = '.';
  }
  return line;
}

void subtests(const Verdict& verdict, std::string& out) {
  out += "  KTAP version 1\n";
  out += fmt::format("  # Subtest: {}\n", description(verdict.scenario.str()));
  out += fmt::format("  1..{}\n", verdict.checks.size());
  for (std::size_t i = 0; i < verdict.checks.size(); ++i) {
    const CheckVerdict& check = verdict.checks[i];
    if (!check.as_wanted) {
      out += fmt::format("  # expected: {}\n  # seen: {}\n", one_line(check.expected, 300), one_line(check.seen, 300));
      std::string_view rest = check.detail;
      for (int lines = 0; !rest.empty() && lines < 20; ++lines) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        out += fmt::format("  # {}\n", one_line(line, 300));
      }
    }
    out += fmt::format("  {} {} {}.{}\n", check.as_wanted ? "ok" : "not ok", i + 1, description(check.variant),
                       description(check.id.str()));
  }
}

}  // namespace

std::string to_ktap(std::span<const Verdict> verdicts) {
  std::string out = fmt::format("KTAP version 1\n1..{}\n", verdicts.size());
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    if (!verdict.checks.empty()) subtests(verdict, out);
    if (!verdict.claim.empty()) out += fmt::format("# claim: {}\n", one_line(verdict.claim, 300));
    const bool ok = verdict.outcome == Outcome::pass || verdict.outcome == Outcome::skip;
    if (!ok) out += fmt::format("# {}: {}\n", to_string(verdict.outcome), one_line(verdict.reason, 300));
    out += fmt::format("{} {} {}", ok ? "ok" : "not ok", i + 1, description(verdict.scenario.str()));
    if (verdict.outcome == Outcome::skip) out += fmt::format(" # SKIP {}", description(verdict.reason));
    if (verdict.outcome == Outcome::broken) out += fmt::format(" # ERROR {}", description(verdict.reason));
    out += "\n";
  }
  return out;
}

}  // namespace diglab
