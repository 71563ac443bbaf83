// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "judge/check_judge.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

/// What was collected when the last boot of a round ended: an earlier boot's PCRs are not the round's.
Result<const EvidenceSet*> end_of_round(const VariantEvidence& evidence, int round) {
  int last_boot = 0;
  for (const BootRecord& boot : evidence.record().boots) {
    if (boot.begin.where.round == round) last_boot = std::max(last_boot, boot.begin.where.boot);
  }
  const EvidenceSet* found = nullptr;
  for (const EvidenceSet& set : evidence.sets()) {
    if (set.where.round == round && set.where.boot == last_boot && set.label.empty()) found = &set;
  }
  if (!found) return fail(ErrorKind::infra, fmt::format("no PCRs were collected at the end of round {}", round));
  return found;
}

/// The last word that the step printed in that round; of a repeated step, in its last repetition.
Result<std::string> printed_in(const VariantRecord& record, const CheckId& id, int round) {
  const event::StepEnd* end = nullptr;
  for (const StepRecord& step : record.steps) {
    if (step.begin.step == id && step.begin.where.round == round && step.end) end = &*step.end;
  }
  if (!end) return fail(ErrorKind::infra, fmt::format("the step '{}' has no outcome in round {}", id.str(), round));
  constexpr std::string_view space = " \t\r\n";
  const std::size_t last = end->out.find_last_not_of(space);
  if (last == std::string::npos) return std::string();
  const std::size_t before = end->out.find_last_of(space, last);
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  return end->out.substr(first, last + 1 - first);
}

Result<std::string> predicted_in(const VariantRecord& record, const check::Pcr& check, int round) {
  if (check.predicted_by) return printed_in(record, *check.predicted_by, round);
  const auto fact = record.facts.find(predicted_fact(check));
  if (fact == record.facts.end()) return fail(ErrorKind::infra, fmt::format("there is no {} of this variant", predicted_fact(check)));
  return fact->second;
}

}  // namespace

std::string predicted_fact(const check::Pcr& check) { return fmt::format("predicted_pcr_{}_{}", check.index, check.bank); }

Result<Judged> judge_prediction(const check::Pcr& check, int rounds, const VariantEvidence& evidence) {
  const auto bank = hash_algorithm_named(check.bank);
  if (!bank) return fail(ErrorKind::bad_input, fmt::format("no PCR bank is called '{}'", check.bank));
  Judged judged{.met = true, .expected = {}, .seen = {}, .detail = {}, .diffs = {}};
  judged.expected = fmt::format("PCR {} ({}) is {}", check.index, check.bank,
                                check.predicted_by ? fmt::format("what '{}' printed", check.predicted_by->str()) : "what the lists of image and initramfs give");
  for (int round = 1; round <= rounds; ++round) {
    const std::string word = TRY(predicted_in(evidence.record(), check, round));
    const EvidenceSet* set = TRY(end_of_round(evidence, round));
    const PcrBanks pcrs = TRY(evidence.pcrs(*set));
    const Bytes* value = pcrs.find(*bank, static_cast<std::uint32_t>(check.index));
    if (!value)
      return fail(ErrorKind::infra,
                  fmt::format("{}: PCR {} of bank {} is not there", set->place(), check.index, check.bank));
    const auto foretold = from_hex(word);
    const bool is_value = foretold && foretold->size() == digest_size(*bank);
    const bool held = is_value && *foretold == *value;
    if (!judged.detail.empty()) judged.detail += "\n";
    judged.detail += fmt::format("round {}: PCR {}, predicted {}", round, to_hex(*value),
                                 is_value ? to_hex(*foretold) : fmt::format("'{}'", one_line(word)));
    if (held || !judged.met) continue;
    judged.met = false;
    judged.seen = is_value ? fmt::format("{} and not the predicted {} in round {}", to_hex(*value).substr(0, 16),
                                         to_hex(*foretold).substr(0, 16), round)
                           : fmt::format("no prediction in round {}: '{}' is no hexadecimal of {} bytes", round,
                                         one_line(word, 80), digest_size(*bank));
  }
  if (judged.met) judged.seen = fmt::format("as predicted in {} round{}", rounds, rounds == 1 ? "" : "s");
  return judged;
}

}  // namespace diglab
