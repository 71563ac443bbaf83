// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/evidence_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "attest/tamper.h"

namespace diglab {

std::string EvidenceSet::place() const {
  std::string text = diglab::place(where);
  if (!label.empty()) text += fmt::format(", quote step '{}'", label);
  return text;
}

VariantEvidence::VariantEvidence(const VariantRecord& variant, const EvidenceReader& read, const EvidenceTamper& tamper)
    : variant_(variant), read_(read), tamper_(tamper) {
  for (const event::Evidence& piece : variant.evidence) {
    std::optional<std::string> EvidenceSet::*member = nullptr;
    if (piece.kind == "ima_binary") member = &EvidenceSet::binary_log;
    if (piece.kind == "ima_ascii") member = &EvidenceSet::ascii_log;
    if (piece.kind == "pcrs") member = &EvidenceSet::pcrs;
    if (piece.kind == "quote") member = &EvidenceSet::quote;
    if (!member) continue;
    auto same = [&](const EvidenceSet& set) {
      return set.where.round == piece.where.round && set.where.boot == piece.where.boot && set.label == piece.label;
    };
    auto found = std::ranges::find_if(sets_, same);
    // A second piece of the same kind (a step repeated, a snapshot restored) begins a new set.
    if (found != sets_.end() && (*found).*member) found = sets_.end();
    if (found == sets_.end()) {
      EvidenceSet fresh;
      fresh.where = piece.where;
      fresh.label = piece.label;
      found = sets_.insert(sets_.end(), std::move(fresh));
    }
    (*found).*member = piece.file;
  }
}

std::vector<const EvidenceSet*> VariantEvidence::comparable() const {
  std::vector<const EvidenceSet*> chosen;
  for (const EvidenceSet& set : sets_) {
    if (!set.label.empty()) chosen.push_back(&set);
  }
  if (!chosen.empty()) return chosen;
  for (const EvidenceSet& set : sets_) {
    if (!chosen.empty() && chosen.back()->where.round == set.where.round)
      chosen.back() = &set;
    else
      chosen.push_back(&set);
  }
  return chosen;
}

std::vector<const event::Evidence*> VariantEvidence::of_kind(std::string_view kind) const {
  std::vector<const event::Evidence*> found;
  for (const event::Evidence& piece : variant_.evidence) {
    if (piece.kind == kind) found.push_back(&piece);
  }
  return found;
}

Result<Bytes> VariantEvidence::read(const std::string& file, std::string_view what) const {
  if (file.empty()) return fail(ErrorKind::infra, fmt::format("no {} was collected", what));
  return TRY(read_(file), std::string(what));
}

Result<Bytes> VariantEvidence::binary_log(const EvidenceSet& set) const {
  Bytes bytes = TRY(read(set.binary_log_file(), "binary measurement list"));
  if (!tamper_.log_bit_in_entry) return bytes;
  const int entry = *tamper_.log_bit_in_entry;
  if (entry < 0) return fail(ErrorKind::bad_input, fmt::format("there is no entry {} to corrupt", entry));
  return TRY(flip_log_bit(bytes, static_cast<std::size_t>(entry)), "corrupting the measurement list");
}

Result<ImaLog> VariantEvidence::log(const EvidenceSet& set) const {
  const Bytes bytes = TRY(binary_log(set));
  return TRY(parse_binary_log(bytes), set.binary_log_file());
}

Result<std::string> VariantEvidence::ascii_log(const EvidenceSet& set) const {
  return std::string(text_of(TRY(read(set.ascii_log_file(), "ASCII measurement list"))));
}

Result<PcrBanks> VariantEvidence::pcrs(const EvidenceSet& set) const {
  const Bytes bytes = TRY(read(set.pcrs_file(), "PCR values"));
  return TRY(parse_pcrs(text_of(bytes)), set.pcrs_file());
}

Result<AttestationEvidence> VariantEvidence::attestation(const EvidenceSet& set) const {
  if (!set.quote) return fail(ErrorKind::infra, "no quote was collected");
  AttestationEvidence evidence;
  // A file that is missing leaves its part empty: verify() then names the link that it breaks.
  auto part = [&](std::string_view name) -> Bytes {
    auto bytes = read_(*set.quote + "/" + std::string(name));
    return bytes ? std::move(*bytes) : Bytes();
  };
  auto text_part = [&](std::string_view name) { return std::string(text_of(part(name))); };
  evidence.ek_certificate = part("ek.crt");
  evidence.ek_public = part("ek.pub");
  evidence.ak_public = part("ak.pub");
  evidence.quote_message = part("quote.msg");
  evidence.quote_signature = part("quote.sig");
  evidence.pcr_values = text_part("pcrs.txt");
  evidence.binary_log = part("ima.bin");
  evidence.ascii_log = text_part("ima.txt");
  evidence.returned_secret = part("secret.out");
  evidence.challenge = text_part("challenge.json");
  std::string nonce = text_part("nonce.hex");
  while (!nonce.empty() && (nonce.back() == '\n' || nonce.back() == '\r')) nonce.pop_back();
  evidence.nonce = TRY(from_hex(nonce), *set.quote + "/nonce.hex");
  if (evidence.quote_message.empty())
    return fail(ErrorKind::infra, fmt::format("{}/quote.msg is missing or empty", *set.quote));
  if (tamper_.log_bit_in_entry && *tamper_.log_bit_in_entry >= 0)
    evidence.binary_log = TRY(flip_log_bit(evidence.binary_log, static_cast<std::size_t>(*tamper_.log_bit_in_entry)));
  return evidence;
}

Result<std::vector<Bytes>> VariantEvidence::authorities() const {
  auto fact = variant_.facts.find("tpm_ca");
  if (fact == variant_.facts.end())
    return fail(ErrorKind::infra, "the certificate authority of the TPM was not recorded");
  std::vector<Bytes> certificates;
  certificates.push_back(TRY(read(fact->second, "certificate authority of the TPM")));
  return certificates;
}

Result<std::string> VariantEvidence::text(const std::string& file) const {
  return std::string(text_of(TRY(read_(file))));
}

}  // namespace diglab
