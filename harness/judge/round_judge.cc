// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "judge/check_judge.h"

namespace diglab {
namespace {

/// What one round measured.
struct RoundLog {
  std::string name;
  std::vector<Measurement> measurements;
};

Result<RoundLog> round_log(const VariantEvidence& evidence, const EvidenceSet& set, std::optional<int> pcr) {
  RoundLog result{.name = fmt::format("round {}", set.where.round), .measurements = {}};
  const ImaLog log = TRY(evidence.log(set));
  for (const ImaEntry& entry : log.entries) {
    if (pcr && entry.pcr != static_cast<std::uint32_t>(*pcr)) continue;
    Measurement measurement;
    // A violation extends the same value whatever the file; its path still makes it another measurement to a reader.
    measurement.key = fmt::format("{} {} {}", entry.pcr, entry.template_name, text_of(entry.template_data));
    measurement.path = entry.path();
    if (entry.violation()) {
      measurement.digest = "violation";
    } else if (const auto digest = entry.file_digest()) {
      measurement.digest = fmt::format("{}:{}", digest->algorithm, to_hex(digest->bytes).substr(0, 12));
    }
    result.measurements.push_back(std::move(measurement));
  }
  return result;
}

/// Sets of the same moment in different rounds: those of one quote step, or those at the end of a round.
std::map<std::string, std::vector<const EvidenceSet*>> by_moment(const VariantEvidence& evidence) {
  std::map<std::string, std::vector<const EvidenceSet*>> moments;
  for (const EvidenceSet* set : evidence.comparable()) moments[set->label].push_back(set);
  return moments;
}

Result<void> enough(const VariantEvidence& evidence,
                    const std::map<std::string, std::vector<const EvidenceSet*>>& moments) {
  if (moments.empty()) return fail(ErrorKind::infra, "no evidence was collected");
  std::size_t rounds = 0;
  for (const BootRecord& boot : evidence.record().boots)
    rounds = std::max(rounds, static_cast<std::size_t>(std::max(boot.begin.where.round, 0)));
  for (const auto& [label, sets] : moments) {
    if (sets.size() < 2)
      return fail(ErrorKind::infra, "there is evidence of one round only, and rounds are to be compared");
    if (sets.size() < rounds)
      return fail(ErrorKind::infra, fmt::format("evidence of {} of {} rounds only", sets.size(), rounds));
  }
  return {};
}

}  // namespace

Result<Judged> judge_pcr(const check::Pcr& check, const VariantEvidence& evidence) {
  const bool want_same = check.rounds == check::Pcr::Across::same;
  const auto bank = hash_algorithm_named(check.bank);
  if (!bank) return fail(ErrorKind::bad_input, fmt::format("no PCR bank is called '{}'", check.bank));
  const auto moments = by_moment(evidence);
  TRY_VOID(enough(evidence, moments));
  Judged judged;
  judged.expected =
      fmt::format("PCR {} ({}) {} over rounds", check.index, check.bank, want_same ? "has one value" : "differs");
  bool all_same = true;
  for (const auto& [label, sets] : moments) {
    std::vector<std::pair<std::string, std::vector<const EvidenceSet*>>> values;  // in order of appearance
    for (const EvidenceSet* set : sets) {
      const PcrBanks pcrs = TRY(evidence.pcrs(*set));
      const Bytes* value = pcrs.find(*bank, static_cast<std::uint32_t>(check.index));
      if (!value)
        return fail(ErrorKind::infra,
                    fmt::format("{}: PCR {} of bank {} is not there", set->place(), check.index, check.bank));
      const std::string hex = to_hex(*value);
      auto found = std::ranges::find(values, hex, &std::pair<std::string, std::vector<const EvidenceSet*>>::first);
      if (found == values.end()) found = values.insert(values.end(), {hex, {}});
      found->second.push_back(set);
    }
    std::vector<std::string> lines;
    for (const auto& [hex, holders] : values) {
      std::vector<int> rounds;
      for (const EvidenceSet* set : holders) rounds.push_back(set->where.round);
      lines.push_back(fmt::format("{} in round{} {}", hex, rounds.size() == 1 ? "" : "s", fmt::join(rounds, ", ")));
    }
    if (!judged.detail.empty()) judged.detail += "\n";
    judged.detail += fmt::format("{}", fmt::join(lines, "\n"));
    if (values.size() > 1 || judged.seen.empty()) {
      judged.seen = values.size() == 1 ? fmt::format("{} in {} rounds", values[0].first.substr(0, 16), sets.size())
                                       : fmt::format("{} values in {} rounds", values.size(), sets.size());
      if (!label.empty()) judged.seen += fmt::format(" (quote step '{}')", label);
    }
    if (values.size() == 1) continue;
    all_same = false;
    // One representative of each other value against the first.
    auto reference = round_log(evidence, *values[0].second.front(), check.index);
    for (std::size_t i = 1; i < values.size() && reference; ++i) {
      auto other = round_log(evidence, *values[i].second.front(), check.index);
      if (!other) continue;
      judged.diffs.push_back(compare_logs(reference->name, reference->measurements, other->name, other->measurements));
      judged.detail += "\n" + judged.diffs.back().to_string();
    }
    // PCRs below 10 have no measurement list of the kernel: the values are all there is to say.
    if (!reference && check.index == 10) judged.detail += "\n" + reference.error().to_string();
  }
  judged.met = all_same == want_same;
  return judged;
}

Result<Judged> judge_log_set(const check::LogSet& check, const VariantEvidence& evidence) {
  const auto moments = by_moment(evidence);
  TRY_VOID(enough(evidence, moments));
  Judged judged;
  judged.expected = fmt::format("the set of measurements {} over rounds", check.same ? "is the same" : "differs");
  bool all_same = true;
  for (const auto& [label, sets] : moments) {
    std::optional<RoundLog> reference;
    for (const EvidenceSet* set : sets) {
      RoundLog log = TRY(round_log(evidence, *set, std::nullopt));
      std::ranges::sort(log.measurements, {}, &Measurement::key);
      const auto repeated = std::ranges::unique(log.measurements, {}, &Measurement::key);
      log.measurements.erase(repeated.begin(), repeated.end());
      if (!reference) {
        reference = std::move(log);
        continue;
      }
      const LogDiff diff = compare_logs(reference->name, reference->measurements, log.name, log.measurements);
      if (!diff.first) continue;
      if (all_same)
        judged.seen = fmt::format("{} measurements differ between {} and {}", diff.changes.size() + diff.omitted,
                                  diff.left, diff.right);
      all_same = false;
      // Positions mean nothing here: the lists were sorted.
      for (const LogDiff::Change& change : diff.changes) {
        const std::string_view who = change.to == 0 ? diff.left : diff.right;
        if (!judged.detail.empty()) judged.detail += "\n";
        judged.detail += change.kind == LogDiff::Kind::changed ? fmt::format("{}: {}", change.path, change.note)
                                                               : fmt::format("{} only in {}", change.path, who);
      }
      if (diff.omitted) judged.detail += fmt::format("\nand {} more", diff.omitted);
    }
    if (all_same && reference)
      judged.seen = fmt::format("the same {} measurements in {} rounds", reference->measurements.size(), sets.size());
  }
  judged.met = all_same == check.same;
  return judged;
}

}  // namespace diglab
