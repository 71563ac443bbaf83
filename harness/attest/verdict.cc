// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "attest/boot_aggregate.h"
#include "attest/certificate.h"
#include "attest/credential.h"
#include "attest/evidence.h"
#include "attest/log_check.h"
#include "attest/printable.h"
#include "attest/quote.h"

namespace diglab {
namespace {

/// Walks the chain; what a link establishes stays for those after it.
class Verifier {
 public:
  Verifier(const AttestationEvidence& evidence, const std::vector<Bytes>& authorities,
           std::optional<std::chrono::system_clock::time_point> when)
      : evidence_(evidence), authorities_(authorities), when_(when) {}

  AttestationVerdict verify() {
    link("ek-certificate", [&] { return ek_certificate(); });
    link("ek-public", [&] { return ek_public(); });
    link("ak-public", [&] { return ak_public(); });
    link("credential", [&] { return credential(); });
    link("quote-message", [&] { return quote_message(); });
    link("signature", [&] { return signature(); });
    link("nonce", [&] { return nonce(); });
    link("pcr-values", [&] { return pcr_values(); });
    link("log", [&] { return log(); });
    link("log-forms", [&] { return log_forms(); });
    if (auto aggregate = log_ ? boot_aggregate_link(*log_, quoted_) : std::nullopt)
      link("boot-aggregate", [&]() -> Result<std::string> {
        if (!aggregate->agrees) return broken(aggregate->detail);
        return aggregate->detail;
      });
    return std::move(verdict_);
  }

 private:
  /// A link's function returns what to tell about a sound link, or why it is broken.
  template <typename Check>
  void link(std::string name, Check check) {
    Result<std::string> result = check();
    verdict_.links.push_back(
        {std::move(name), result.has_value(), result ? *std::move(result) : result.error().to_string()});
  }

  static std::unexpected<Error> broken(std::string why) { return fail(ErrorKind::bad_input, std::move(why)); }
  static Result<std::string> told(const Link& link) {
    if (!link.ok) return broken(link.detail);
    return link.detail;
  }

  Result<std::string> ek_certificate() {
    certificate_ = TRY(verify_ek_certificate(evidence_.ek_certificate, authorities_, when_));
    return fmt::format("issued by {} for TPM {}", certificate_->issuer, certificate_->tpm);
  }

  Result<std::string> ek_public() {
    if (evidence_.ek_public.empty()) return broken("no EK public area");
    ek_ = TRY(TpmPublic::parse(evidence_.ek_public));
    TRY_VOID(ek_->check_endorsement_key());
    if (!certificate_) return broken("no certificate to compare the EK with");
    if (!same_key(certificate_->key, ek_->key())) return broken("the EK is not the key of the certificate");
    return fmt::format("name {}", to_hex(ek_->name()));
  }

  Result<std::string> ak_public() {
    if (evidence_.ak_public.empty()) return broken("no AK public area");
    ak_ = TRY(TpmPublic::parse(evidence_.ak_public));
    TRY_VOID(ak_->check_attestation_key());
    return fmt::format("name {}", to_hex(ak_->name()));
  }

  Result<std::string> credential() {
    if (evidence_.challenge.empty()) return broken("no challenge was made, so nothing ties the AK to the EK");
    Challenge challenge = TRY(parse_challenge(evidence_.challenge));
    if (!ek_ || challenge.ek_name != ek_->name()) return broken("the challenge was made for another EK");
    if (!ak_ || challenge.ak_name != ak_->name()) return broken("the challenge was made for another AK");
    if (challenge.secret.size() < 8) return broken("the challenge's secret is too short to be a secret");
    if (evidence_.returned_secret != challenge.secret)
      return broken(evidence_.returned_secret.empty() ? "no secret came back" : "another secret came back");
    return "the TPM holds both keys";
  }

  Result<std::string> quote_message() {
    if (evidence_.quote_message.empty()) return broken("no quote");
    quote_ = TRY(parse_quote(evidence_.quote_message));
    std::string banks;
    for (const auto& [bank, pcrs] : quote_->selection)
      banks += fmt::format(" {}:{}", name_of(bank), fmt::join(pcrs, ","));
    return fmt::format("PCRs{}, reset count {}, restart count {}", banks, quote_->reset_count, quote_->restart_count);
  }

  Result<std::string> signature() {
    if (!ak_) return broken("no AK to verify with");
    if (evidence_.quote_signature.empty()) return broken("no signature");
    return told(TRY(signature_link(evidence_.quote_message, evidence_.quote_signature, ak_->key())));
  }

  Result<std::string> nonce() {
    if (evidence_.nonce.empty()) return broken("no nonce to compare with, so the quote may be an old one");
    if (!quote_) return broken("no quote");
    return told(nonce_link(*quote_, evidence_.nonce));
  }

  Result<std::string> pcr_values() {
    PcrBanks given = TRY(parse_pcrs(evidence_.pcr_values));
    if (!quote_) return broken("no quote");
    const Link values = TRY(pcr_values_link(*quote_, given));
    if (values.ok) quoted_ = TRY(quoted_values(*quote_, given));
    return told(values);
  }

  Result<std::string> log() {
    if (evidence_.binary_log.empty()) return broken("no measurement list");
    log_ = TRY(parse_binary_log(evidence_.binary_log));
    LogVerdict checked = check_log(*log_, quoted_);
    if (!checked.ok) return broken(checked.one_line);
    return checked.one_line;
  }

  Result<std::string> log_forms() {
    if (evidence_.ascii_log.empty()) return broken("no ASCII form");
    if (!log_) return broken("no binary form to compare with");
    return told(log_forms_link(*log_, evidence_.ascii_log));
  }

  const AttestationEvidence& evidence_;
  const std::vector<Bytes>& authorities_;
  std::optional<std::chrono::system_clock::time_point> when_;
  AttestationVerdict verdict_;
  std::optional<EkCertificate> certificate_;
  std::optional<TpmPublic> ek_;
  std::optional<TpmPublic> ak_;
  std::optional<Quote> quote_;
  std::optional<ImaLog> log_;
  PcrBanks quoted_;
};

}  // namespace

bool AttestationVerdict::ok() const {
  return !links.empty() && first_broken() == nullptr;
}

const Link* AttestationVerdict::first_broken() const {
  auto found = std::ranges::find(links, false, &Link::ok);
  return found == links.end() ? nullptr : &*found;
}

std::string AttestationVerdict::one_line() const {
  if (links.empty()) return "differ: nothing was checked";
  if (const Link* broken = first_broken())
    return broken->detail.starts_with("differ") ? broken->detail
                                                : fmt::format("differ at {}: {}", broken->name, broken->detail);
  // The log's link says most; without one the first does.
  auto main = std::ranges::find(links, "log", &Link::name);
  if (main == links.end()) main = links.begin();
  std::string_view detail = main->detail;
  constexpr std::string_view agree = "agree: ";
  if (detail.starts_with(agree)) detail.remove_prefix(agree.size());
  std::string others;
  for (const Link& link : links)
    if (&link != &*main) others += (others.empty() ? "" : ", ") + link.name;
  return fmt::format("{}{}{}{}", agree, detail, others.empty() ? "" : "; sound too: ", others);
}

AttestationVerdict verify(const AttestationEvidence& evidence, const std::vector<Bytes>& authorities,
                          std::optional<std::chrono::system_clock::time_point> when) {
  return Verifier(evidence, authorities, when).verify();
}

}  // namespace diglab
