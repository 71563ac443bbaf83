// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/attest_files.h"

#include <fmt/format.h>

#include <set>

#include "attest/boot_aggregate.h"
#include "attest/certificate.h"
#include "attest/credential.h"
#include "attest/ima_ascii.h"
#include "attest/log_check.h"
#include "attest/quote.h"
#include "os/files.h"

namespace diglab {
namespace {

constexpr std::size_t largest_log = std::size_t{1} << 28;
constexpr std::size_t largest_other = std::size_t{1} << 20;

/// A file that the user named: that it cannot be read is the user's to mend.
template <typename T>
Result<T> given(Result<T> read) {
  if (read || read.error().kind() != ErrorKind::infra) return read;
  return fail(ErrorKind::bad_input, read.error().to_string());
}

/// An attestation key as tpm2-tools write it, or as PEM or DER. Of the first kind the attributes are known: a key that is not restricted signs whatever
/// its owner likes to call a quote.
Result<PublicKey> read_key(const std::filesystem::path& path) {
  Bytes bytes = TRY(given(read_bytes(path, largest_other)));
  auto tpm = TpmPublic::parse(bytes);
  if (tpm) {
    TRY_VOID(tpm->check_attestation_key(), path.string());
    return tpm->key();
  }
  auto plain = parse_public_key(bytes);
  if (plain) return plain;
  return fail(ErrorKind::bad_input,
              fmt::format("{}: {}, and {}", path.string(), tpm.error().to_string(), plain.error().to_string()));
}

Result<PcrBanks> read_pcrs(const AttestFiles& files) {
  PcrBanks all = TRY(parse_pcrs(TRY(given(read_file(files.pcrs, largest_other)))), files.pcrs.string());
  if (all.empty()) return fail(ErrorKind::bad_input, fmt::format("{}: no PCR values", files.pcrs.string()));
  return all;
}

/// Only the values asked for.
Result<PcrBanks> narrowed(const PcrBanks& all, const AttestFiles& files) {
  PcrBanks some;
  for (const auto& [algorithm, values] : all.banks())
    for (const auto& [pcr, value] : values)
      if (files.bank.value_or(algorithm) == algorithm && files.pcr.value_or(pcr) == pcr)
        TRY_VOID(some.set(algorithm, pcr, value));
  return some;
}

Result<void> check_quote(const AttestFiles& files, PcrBanks& pcrs, std::vector<Link>& links) {
  Bytes message = TRY(given(read_bytes(files.quote, largest_other)));
  Quote quote = TRY(parse_quote(message), files.quote.string());
  if (!files.signature.empty()) {
    Bytes signature = TRY(given(read_bytes(files.signature, largest_other)));
    links.push_back(TRY(signature_link(message, signature, TRY(read_key(files.ak))), files.signature.string()));
  }
  if (!files.nonce.empty()) links.push_back(nonce_link(quote, TRY(from_hex(files.nonce), "--nonce")));
  if (files.pcrs.empty()) return {};
  links.push_back(TRY(pcr_values_link(quote, pcrs), files.pcrs.string()));
  if (links.back().ok && files.signature.empty()) links.back().detail += ", by whom was not looked at (--signature, --ak)";
  pcrs = TRY(quoted_values(quote, pcrs));
  return {};
}

/// Without any PCR value, what can be said is whether the log contradicts itself.
void check_entries(const ImaLog& log, std::vector<Link>& links) {
  auto fault = first_fault(log);
  links.push_back(
      {"entries", !fault,
       fault ? fault->one_line()
             : fmt::format("each of {} entries has the digest of its data (no PCR value was given to compare with)",
                           log.entries.size())});
}

/// `pcrs`: the given ones, or of them those that were quoted.
Result<void> check_log_file(const AttestFiles& files, const PcrBanks& pcrs, AttestReport& report) {
  std::vector<Link>& links = report.verdict.links;
  ImaLog log = TRY(parse_log(TRY(given(read_bytes(files.log, largest_log)))), files.log.string());
  if (log.entries.empty()) return fail(ErrorKind::bad_input, fmt::format("{}: no entries", files.log.string()));
  if (files.pcrs.empty()) {
    check_entries(log, links);
  } else {
    PcrBanks compared = TRY(narrowed(pcrs, files));
    LogVerdict checked = check_log(log, compared, files.pcr);
    links.push_back({"log", checked.ok, checked.one_line});
    if (auto aggregate = boot_aggregate_link(log, pcrs)) links.push_back({"boot-aggregate", aggregate->agrees, aggregate->detail});
  }
  if (!files.ascii.empty()) links.push_back(log_forms_link(log, TRY(given(read_file(files.ascii, largest_log)))));
  std::set<std::uint32_t> mentioned;
  for (const ImaEntry& entry : log.entries)
    if (entry.pcr <= 23 && files.pcr.value_or(entry.pcr) == entry.pcr) mentioned.insert(entry.pcr);
  for (HashAlgorithm bank : all_hash_algorithms)
    for (std::uint32_t pcr : mentioned)
      if (files.bank.value_or(bank) == bank)
        TRY_VOID(report.replayed.set(bank, pcr, replay(log, bank, pcr)));
  return {};
}

}  // namespace

Result<AttestReport> check_attest_files(const AttestFiles& files) {
  AttestReport report;
  if (!files.evidence.empty()) {
    if (files.authorities.empty())
      return fail(ErrorKind::usage,
                  "--evidence needs --ca: an EK certificate proves nothing without an authority that you trust");
    std::vector<Bytes> authorities;
    for (const auto& path : files.authorities) {
      authorities.push_back(TRY(given(read_bytes(path, largest_other))));
      TRY_VOID(check_authorities(authorities.back()), path.string());
    }
    AttestationEvidence evidence = TRY(given(AttestationEvidence::load(files.evidence)));
    if (!files.nonce.empty()) evidence.nonce = TRY(from_hex(files.nonce), "--nonce");
    report.verdict = verify(evidence, authorities);
    return report;
  }
  if (files.log.empty() && files.quote.empty())
    return fail(ErrorKind::usage, "nothing to check: give --log, --quote or --evidence");
  if (!files.nonce.empty() && files.quote.empty())
    return fail(ErrorKind::usage, "--nonce is what a quote must answer: give --quote or --evidence");
  if (!files.quote.empty() && !files.log.empty() && files.pcrs.empty())
    return fail(ErrorKind::usage, "--quote with --log needs --pcrs: a quote has a digest of the values only, and nothing else ties the log to it");
  PcrBanks pcrs;
  if (!files.pcrs.empty()) pcrs = TRY(read_pcrs(files));
  if (!files.quote.empty()) TRY_VOID(check_quote(files, pcrs, report.verdict.links));
  if (!files.log.empty()) TRY_VOID(check_log_file(files, pcrs, report));
  if (report.verdict.links.empty())
    return fail(ErrorKind::usage, "a quote alone can only be read: give --signature and --ak, --nonce or --pcrs");
  return report;
}

Result<void> write_challenge(const std::filesystem::path& evidence) {
  AttestationEvidence known = TRY(given(AttestationEvidence::load(evidence)));
  TpmPublic ek = TRY(TpmPublic::parse(known.ek_public), (evidence / "ek.pub").string());
  TpmPublic ak = TRY(TpmPublic::parse(known.ak_public), (evidence / "ak.pub").string());
  TRY_VOID(ak.check_attestation_key());
  Challenge challenge = TRY(make_challenge(ek, ak));
  TRY_VOID(write_file(evidence / "challenge.json", to_json(challenge)));
  return write_file(evidence / "challenge.blob", text_of(challenge.blob));
}

}  // namespace diglab
