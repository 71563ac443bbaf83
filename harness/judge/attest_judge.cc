// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <set>

#include "attest/boot_aggregate.h"
#include "attest/ima_ascii.h"
#include "attest/replay.h"
#include "attest/tamper.h"
#include "judge/check_judge.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

using What = check::Attest::What;

/// What one set of evidence shows.
struct Finding {
  bool ok = false;
  std::string line;
  std::string detail;
};

Result<Finding> log_replays(const EvidenceSet& set, const VariantEvidence& evidence) {
  const PcrBanks pcrs = TRY(evidence.pcrs(set));
  const Bytes bytes = TRY(evidence.binary_log(set));
  auto log = parse_binary_log(bytes);
  if (!log) return Finding{.ok = false, .line = one_line(log.error().to_string()), .detail = {}};
  std::set<std::uint32_t> indices{10};
  for (const ImaEntry& entry : log->entries) indices.insert(entry.pcr);
  Finding finding{.ok = true, .line = {}, .detail = {}};
  bool any = false;
  for (const auto& [bank, values] : pcrs.banks()) {
    for (const std::uint32_t index : indices) {
      const auto value = values.find(index);
      if (value == values.end()) continue;
      any = true;
      const ReplayVerdict verdict = check_replay(*log, bank, index, value->second);
      // A PCR that nothing was extended into is a prefix of every log, and agrees with none.
      const bool agrees = verdict.agrees() && (verdict.entries > 0 || verdict.total == 0);
      const std::string line = agrees || !verdict.agrees()
                                   ? verdict.one_line()
                                   : fmt::format("PCR {} of {} was never extended, the log has {} entries", index,
                                                 name_of(bank), verdict.total);
      if (finding.line.empty() || (finding.ok && !agrees)) finding.line = line;
      finding.detail += (finding.detail.empty() ? "" : "\n") + line;
      finding.ok = finding.ok && agrees;
    }
  }
  if (!any) return fail(ErrorKind::infra, fmt::format("{}: PCR 10 of no bank was recorded", set.place()));
  return finding;
}

Result<Finding> forms_agree(const EvidenceSet& set, const VariantEvidence& evidence) {
  const std::string ascii = TRY(evidence.ascii_log(set));
  const Bytes bytes = TRY(evidence.binary_log(set));
  const auto binary = parse_binary_log(bytes);
  if (!binary) return Finding{.ok = false, .line = one_line(binary.error().to_string()), .detail = {}};
  const auto difference = compare_forms(*binary, ascii);
  if (!difference)
    return Finding{.ok = true, .line = fmt::format("{} entries agree", binary->entries.size()), .detail = {}};
  return Finding{.ok = false,
                 .line = fmt::format("entry {} differs: {}", difference->entry + 1, one_line(difference->detail)),
                 .detail = safe_text(difference->detail)};
}

Result<Finding> aggregate(const EvidenceSet& set, const VariantEvidence& evidence) {
  const PcrBanks pcrs = TRY(evidence.pcrs(set));
  const ImaLog log = TRY(evidence.log(set));
  const BootAggregateVerdict verdict = TRY(check_boot_aggregate(log, pcrs));
  return Finding{.ok = verdict.agrees, .line = one_line(verdict.detail), .detail = {}};
}

std::string links_of(const AttestationVerdict& verdict) {
  std::string text;
  for (const Link& link : verdict.links) {
    if (!text.empty()) text += "\n";
    text += fmt::format("{} {}{}", link.ok ? "ok    " : "BROKEN", link.name,
                        link.detail.empty() ? "" : ": " + one_line(link.detail));
  }
  return text;
}

Result<Finding> quote(const EvidenceSet& set, const VariantEvidence& evidence) {
  const AttestationVerdict verdict = verify(TRY(evidence.attestation(set)), TRY(evidence.authorities()));
  return Finding{.ok = verdict.ok(), .line = one_line(verdict.one_line()), .detail = links_of(verdict)};
}

Result<Finding> tampering_noticed(const EvidenceSet& set, const VariantEvidence& evidence) {
  const AttestationEvidence whole = TRY(evidence.attestation(set));
  const std::vector<Bytes> authorities = TRY(evidence.authorities());
  if (const AttestationVerdict verdict = verify(whole, authorities); !verdict.ok())
    return Finding{
        .ok = false, .line = "already without tampering: " + one_line(verdict.one_line()), .detail = links_of(verdict)};
  Finding finding{
      .ok = true, .line = fmt::format("all {} corruptions noticed at their link", all_tampers.size()), .detail = {}};
  for (const Tamper tamper : all_tampers) {
    const AttestationEvidence corrupted = TRY(tampered(whole, tamper), fmt::format("corrupting {}", name_of(tamper)));
    std::vector<Bytes> trusted = authorities;
    if (tamper == Tamper::ca) trusted = {TRY(unrelated_authority())};
    const AttestationVerdict verdict = verify(corrupted, trusted);
    const Link* broken = verdict.first_broken();
    const std::string found = broken ? broken->name : "nothing";
    const bool noticed = broken && found == link_broken_by(tamper);
    const std::string line =
        noticed ? fmt::format("{}: noticed at {}", name_of(tamper), found)
                : fmt::format("{}: noticed at {}, expected at {}", name_of(tamper), found, link_broken_by(tamper));
    finding.detail += (finding.detail.empty() ? "" : "\n") + line;
    if (!noticed && finding.ok) {
      finding.ok = false;
      finding.line = line;
    }
  }
  return finding;
}

std::string_view expected(What what) {
  switch (what) {
    case What::log_replays:
      return "the log, replayed, gives PCR 10 in every bank";
    case What::forms_agree:
      return "binary and ASCII log agree entry by entry";
    case What::boot_aggregate:
      return "boot_aggregate equals the hash of PCRs 0 to 9";
    case What::quote:
      return "every link from the EK certificate to the log holds";
    case What::tampering_noticed:
      return "every corrupted link is noticed, and named";
  }
  return "?";
}

Result<Finding> find(What what, const EvidenceSet& set, const VariantEvidence& evidence) {
  switch (what) {
    case What::log_replays:
      return log_replays(set, evidence);
    case What::forms_agree:
      return forms_agree(set, evidence);
    case What::boot_aggregate:
      return aggregate(set, evidence);
    case What::quote:
      return quote(set, evidence);
    case What::tampering_noticed:
      return tampering_noticed(set, evidence);
  }
  return fail(ErrorKind::bad_input, "unknown attestation check");
}

}  // namespace

Result<Judged> judge_attestation(const check::Attest& check, const VariantEvidence& evidence) {
  Judged judged{.met = true, .expected = std::string(expected(check.what)), .seen = {}, .detail = {}, .diffs = {}};
  std::set<int> rounds_covered;
  std::size_t count = 0;
  for (const EvidenceSet& set : evidence.sets()) {
    if (check.needs_quote() && !set.quote) continue;
    const Finding finding = TRY(find(check.what, set, evidence), set.place());
    ++count;
    rounds_covered.insert(set.where.round);
    if (judged.seen.empty() || (judged.met && !finding.ok)) {
      judged.seen = finding.line;
      if (!finding.ok) judged.seen += fmt::format(" ({})", set.place());
      judged.detail = finding.detail;
    }
    judged.met = judged.met && finding.ok;
  }
  if (count == 0)
    return fail(ErrorKind::infra, check.needs_quote() ? "no quote was collected" : "no measurement list was collected");
  std::set<int> rounds;
  for (const BootRecord& boot : evidence.record().boots) rounds.insert(boot.begin.where.round);
  for (const int round : rounds) {
    if (!rounds_covered.contains(round))
      return fail(ErrorKind::infra, fmt::format("nothing to attest was collected in round {}", round));
  }
  if (judged.met && count > 1) judged.seen += fmt::format(" ({} times)", count);
  return judged;
}

}  // namespace diglab
