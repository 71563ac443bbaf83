// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/check_judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "judge/denial.h"
#include "judge/expectation.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

std::string times(std::size_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string describe_denial(const check::Denial& denial) {
  std::string text = "denial";
  if (denial.path) text += " of " + *denial.path;
  if (denial.cause) text += " because of " + *denial.cause;
  if (denial.operation) text += " in " + *denial.operation;
  if (denial.program) text += " by " + *denial.program;
  if (!denial.times) return text + ", at least one per round";
  return *denial.times == 0 ? "no " + text
                            : fmt::format("{}, {} per round", text, times(static_cast<std::size_t>(*denial.times)));
}

bool is(const check::Denial& wanted, const Denial& found) {
  return (!wanted.path || *wanted.path == found.path) && (!wanted.cause || *wanted.cause == found.cause) &&
         (!wanted.operation || *wanted.operation == found.operation) &&
         (!wanted.program || *wanted.program == found.program);
}

/// What was recorded of one round's audit records.
struct AuditText {
  std::string text;
  bool complete = false;  ///< From the audit log itself. The kernel prints only what nobody else receives.
};

/// The audit log where one was collected, otherwise kernel messages, otherwise the console.
Result<AuditText> audit_text(const VariantEvidence& evidence, int round) {
  for (const std::string_view kind : {"audit", "kernel_log", "console"}) {
    AuditText result{.text = {}, .complete = kind == "audit"};
    bool any = false;
    for (const event::Evidence* piece : evidence.of_kind(kind)) {
      if (piece->where.round != round) continue;
      any = true;
      result.text += TRY(evidence.text(piece->file)) + "\n";
    }
    if (any) return result;
  }
  return fail(ErrorKind::infra, fmt::format("no audit records were collected in round {}", round));
}

Result<Judged> judge(const check::Denial& wanted, int rounds, const VariantEvidence& evidence) {
  Judged judged{.met = true, .expected = describe_denial(wanted), .seen = {}, .detail = {}, .diffs = {}};
  std::set<std::string> others;
  std::size_t total = 0;
  for (int round = 1; round <= rounds; ++round) {
    const AuditText audit = TRY(audit_text(evidence, round));
    const AuditTrail trail = parse_audit(audit.text);
    std::size_t count = 0;
    for (const Denial& denial : trail.denials) {
      if (!is(wanted, denial)) {
        others.insert(denial.one_line());
        continue;
      }
      if (count++ == 0 && judged.seen.empty()) judged.seen = denial.one_line();
    }
    const bool held = wanted.times ? count == static_cast<std::size_t>(std::max(*wanted.times, 0)) : count > 0;
    if (!audit.complete && (wanted.times || !held))
      return fail(ErrorKind::infra,
                  fmt::format("round {}: no audit log was collected, so none can be said to be missing", round));
    if (trail.lost > 0 && (wanted.times || !held))
      return fail(ErrorKind::infra,
                  fmt::format("round {}: the kernel dropped {} audit records, so none can be said to be missing", round,
                              trail.lost));
    if (!held && judged.met) {
      judged.met = false;
      judged.seen = count == 0 ? fmt::format("no such denial in round {}", round)
                               : fmt::format("{}, {} in round {}", judged.seen, times(count), round);
    }
    total += count;
  }
  if (judged.seen.empty()) judged.seen = "none";
  if (judged.met && total > 1) judged.seen += fmt::format(", {} in all", times(total));
  if (!judged.met && !others.empty()) {
    judged.detail = "other denials:";
    std::size_t shown = 0;
    for (const std::string& other : others) {
      if (++shown > 20) break;
      judged.detail += "\n" + other;
    }
    if (others.size() > 20) judged.detail += fmt::format("\nand {} more", others.size() - 20);
  }
  return judged;
}

Result<Judged> judge(const check::LogEntry& wanted, int rounds, const VariantEvidence& evidence) {
  Judged judged{.met = true, .expected = {}, .seen = {}, .detail = {}, .diffs = {}};
  judged.expected = wanted.count ? fmt::format("{} measured {} per round", wanted.path,
                                               times(static_cast<std::size_t>(*wanted.count)))
                                 : fmt::format("{} measured in each round", wanted.path);
  std::string kernel_path = wanted.path;  // The kernel writes underscores where a path has spaces.
  for (char& c : kernel_path) {
    if (c == ' ') c = '_';
  }
  std::map<int, std::size_t> counts;
  // A boot starts its own list, and a later list of a boot has all that an earlier one has: the last one of each boot
  // counts.
  std::map<std::pair<int, int>, const EvidenceSet*> last;
  for (const EvidenceSet& set : evidence.sets()) last[{set.where.round, set.where.boot}] = &set;
  for (const auto& [where, set] : last) {
    const ImaLog log = TRY(evidence.log(*set));
    for (const ImaEntry& entry : log.entries) counts[where.first] += entry.path() == kernel_path ? 1 : 0;
  }
  for (int round = 1; round <= rounds; ++round) {
    auto found = counts.find(round);
    if (found == counts.end()) {
      if (std::ranges::none_of(last, [&](const auto& item) { return item.first.first == round; }))
        return fail(ErrorKind::infra, fmt::format("no measurement list was collected in round {}", round));
    }
    const std::size_t count = found == counts.end() ? 0 : found->second;
    const bool held = wanted.count ? count == static_cast<std::size_t>(std::max(*wanted.count, 0)) : count > 0;
    if (!held && judged.met) {
      judged.met = false;
      judged.seen = count == 0 ? fmt::format("not measured in round {}", round)
                               : fmt::format("measured {} in round {}", times(count), round);
    }
  }
  if (judged.met) judged.seen = fmt::format("measured {} in round 1", counts[1] == 0 ? "never" : times(counts[1]));
  return judged;
}

Result<Judged> judge(const check::Console& wanted, int rounds, const VariantEvidence& evidence) {
  Judged judged{.met = true, .expected = {}, .seen = {}, .detail = {}, .diffs = {}};
  judged.expected = fmt::format("{} console line matching /{}/", wanted.present ? "a" : "no", one_line(wanted.matches));
  const auto consoles = evidence.of_kind("console");
  for (int round = 1; round <= rounds; ++round) {
    bool any = false;
    std::string found;
    for (const event::Evidence* piece : consoles) {
      if (piece->where.round != round) continue;
      any = true;
      const std::string text = TRY(evidence.text(piece->file));
      std::string_view rest = text;
      while (!rest.empty() && found.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        while (line.ends_with('\r')) line.remove_suffix(1);
        if (TRY(found_in(line, wanted.matches))) found = fmt::format("'{}'", one_line(line));
      }
    }
    if (!any) return fail(ErrorKind::infra, fmt::format("no console was recorded in round {}", round));
    if (found.empty() == wanted.present && judged.met) {
      judged.met = false;
      judged.seen = fmt::format("{} in round {}", found.empty() ? "no such line" : found, round);
    } else if (judged.met && judged.seen.empty()) {
      judged.seen = found.empty() ? "no such line" : found;
    }
  }
  return judged;
}

Result<Judged> judge(const check::Boot& wanted, int rounds, const VariantEvidence& evidence) {
  Judged judged{.met = true, .expected = {}, .seen = {}, .detail = {}, .diffs = {}};
  judged.expected =
      wanted.outcome == "agent" ? "the guest comes up" : fmt::format("the boot ends in: {}", wanted.outcome);
  std::set<int> seen_rounds;
  for (const BootRecord& boot : evidence.record().boots) {
    const std::string outcome = boot.outcome();
    if (outcome.empty())
      return fail(ErrorKind::infra,
                  fmt::format("nothing is known about how the boot ended ({})", place(boot.begin.where)));
    seen_rounds.insert(boot.begin.where.round);
    const bool held = outcome == wanted.outcome;
    if (held && !judged.seen.empty()) continue;
    if (!held && !judged.met) continue;
    judged.met = held;
    judged.seen = outcome == "agent" ? "the guest came up" : one_line(outcome, 40);
    if (!held) judged.seen += fmt::format(" ({})", place(boot.begin.where));
    if (outcome != "agent") {
      for (const event::BootEnd& end : boot.ends) {
        if (end.outcome == outcome) judged.detail = safe_text(end.detail);
      }
    }
  }
  if (static_cast<int>(seen_rounds.size()) < rounds)
    return fail(ErrorKind::infra, fmt::format("{} of {} rounds booted", seen_rounds.size(), rounds));
  return judged;
}

}  // namespace

Result<Judged> judge_check(const Check& check, int rounds, const VariantEvidence& evidence) {
  return std::visit(
      [&]<typename C>(const C& body) -> Result<Judged> {
        if constexpr (std::is_same_v<C, check::Attest>)
          return judge_attestation(body, evidence);
        else if constexpr (std::is_same_v<C, check::Pcr>)
          return body.predicted() ? judge_prediction(body, rounds, evidence) : judge_pcr(body, evidence);
        else if constexpr (std::is_same_v<C, check::LogSet>)
          return judge_log_set(body, evidence);
        else if constexpr (std::is_same_v<C, check::LogOnly>)
          return judge_log_only(body, rounds, evidence);
        else if constexpr (std::is_same_v<C, check::Ktap>)
          return judge_ktap(body, rounds, evidence);
        else
          return judge(body, rounds, evidence);
      },
      check.body);
}

}  // namespace diglab
