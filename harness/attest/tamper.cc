// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/tamper.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <tss2/tss2_mu.h>

#include <algorithm>
#include <memory>

#include "attest/certificate.h"
#include "attest/credential.h"
#include "attest/ima_log.h"
#include "attest/pcr.h"
#include "attest/quote.h"
#include "attest/tss.h"

namespace diglab {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::unexpected<Error> absent(std::string_view what) {
  return fail(ErrorKind::bad_input, fmt::format("the evidence has no {} to tamper with", what));
}

Result<void> flip(Bytes& bytes, std::size_t from_end, std::string_view what) {
  if (bytes.size() < from_end) return absent(what);
  bytes[bytes.size() - from_end] ^= 1;
  return {};
}

/// Changes a public area between unmarshalling and marshalling it, so that it stays a valid one.
template <typename Change>
Result<void> change_public(Bytes& bytes, std::string_view what, Change change) {
  TPMT_PUBLIC area{};
  TRY_VOID(unmarshal(Tss2_MU_TPMT_PUBLIC_Unmarshal, without_size(bytes), area, what));
  TRY_VOID(change(area));
  TPM2B_PUBLIC sized{.size = 0, .publicArea = area};
  Bytes out(sizeof(TPM2B_PUBLIC) + 64);
  std::size_t offset = 0;
  if (Tss2_MU_TPM2B_PUBLIC_Marshal(&sized, out.data(), out.size(), &offset) != TSS2_RC_SUCCESS)
    return fail(ErrorKind::infra, fmt::format("{}: cannot be marshalled", what));
  out.resize(offset);
  bytes = std::move(out);
  return {};
}

Result<void> other_point(TPMS_ECC_POINT& point, const TpmPublic& old) {
  char group[64];
  Key fresh(EVP_PKEY_get_group_name(old.key().get(), group, sizeof(group), nullptr) == 1 ? EVP_EC_gen(group) : nullptr,
            EVP_PKEY_free);
  for (auto [name, into] :
       {std::pair(OSSL_PKEY_PARAM_EC_PUB_X, &point.x), std::pair(OSSL_PKEY_PARAM_EC_PUB_Y, &point.y)}) {
    BIGNUM* number = nullptr;
    auto size = (EVP_PKEY_get_bits(old.key().get()) + 7) / 8;
    bool ok = fresh && EVP_PKEY_get_bn_param(fresh.get(), name, &number) == 1 &&
              BN_bn2binpad(number, into->buffer, size) == size;
    BN_free(number);
    if (!ok) return fail(ErrorKind::infra, "OpenSSL cannot make a key");
    into->size = static_cast<UINT16>(size);
  }
  return {};
}

Result<void> other_key(Bytes& bytes) {
  TpmPublic old = TRY(TpmPublic::parse(bytes));
  return change_public(bytes, "EK public area", [&](TPMT_PUBLIC& area) -> Result<void> {
    if (old.is_ecc()) return other_point(area.unique.ecc, old);
    area.unique.rsa.buffer[area.unique.rsa.size / 2] ^= 1;
    return {};
  });
}

Result<void> other_pcr_value(AttestationEvidence& evidence) {
  PcrBanks pcrs = TRY(parse_pcrs(evidence.pcr_values));
  Quote quote = TRY(parse_quote(evidence.quote_message));
  if (quote.selection.empty()) return absent("quoted PCR");
  auto [bank, indices] = quote.selection.back();
  const Bytes* value = pcrs.find(bank, *indices.rbegin());
  if (value == nullptr) return absent("value of a quoted PCR");
  Bytes other = *value;
  other[0] ^= 1;
  TRY_VOID(pcrs.set(bank, *indices.rbegin(), std::move(other)));
  evidence.pcr_values = pcrs.to_string();
  return {};
}

Result<void> change_log(AttestationEvidence& evidence, Tamper how) {
  ImaLog log = TRY(parse_binary_log(evidence.binary_log));
  std::vector<ImaEntry>& entries = log.entries;
  if (how == Tamper::log_cut) {
    if (entries.empty()) return absent("log entry");
    entries.resize(entries.size() / 2);
  } else {
    auto first = std::ranges::adjacent_find(
        entries, [](const ImaEntry& a, const ImaEntry& b) { return a.pcr == b.pcr && !(a == b); });
    if (first == entries.end()) return absent("two different entries");
    std::swap(*first, *std::next(first));
  }
  evidence.binary_log = to_binary(log);
  return {};
}

Result<void> other_digit(std::string& text) {
  std::size_t at = text.find(':');
  if (at == std::string::npos) at = text.find(' ', 3);
  if (at == std::string::npos || at + 1 >= text.size()) return absent("ASCII log");
  text[at + 1] = text[at + 1] == '0' ? '1' : '0';
  return {};
}

}  // namespace

std::string_view name_of(Tamper tamper) {
  switch (tamper) {
    case Tamper::ek_certificate:
      return "ek-certificate";
    case Tamper::ca:
      return "ca";
    case Tamper::ek_public:
      return "ek-public";
    case Tamper::ak_public:
      return "ak-public";
    case Tamper::credential:
      return "credential";
    case Tamper::challenge:
      return "challenge";
    case Tamper::nonce:
      return "nonce";
    case Tamper::quote_message:
      return "quote-message";
    case Tamper::signature:
      return "signature";
    case Tamper::pcr_value:
      return "pcr-value";
    case Tamper::log_entry:
      return "log-entry";
    case Tamper::log_order:
      return "log-order";
    case Tamper::log_cut:
      return "log-cut";
    case Tamper::ascii_log:
      return "ascii-log";
  }
  return "?";
}

std::string_view link_broken_by(Tamper tamper) {
  switch (tamper) {
    case Tamper::ek_certificate:
    case Tamper::ca:
      return "ek-certificate";
    case Tamper::ek_public:
      return "ek-public";
    case Tamper::ak_public:
      return "ak-public";
    case Tamper::credential:
    case Tamper::challenge:
      return "credential";
    case Tamper::nonce:
      return "nonce";
    case Tamper::quote_message:
    case Tamper::signature:
      return "signature";
    case Tamper::pcr_value:
      return "pcr-values";
    case Tamper::log_entry:
    case Tamper::log_order:
    case Tamper::log_cut:
      return "log";
    case Tamper::ascii_log:
      return "log-forms";
  }
  return "?";
}

Result<AttestationEvidence> tampered(const AttestationEvidence& evidence, Tamper tamper) {
  AttestationEvidence result = evidence;
  switch (tamper) {
    case Tamper::ca:
      return result;
    case Tamper::ek_certificate: {
      // Its tail is the authority's signature; what lies before would do as well.
      std::size_t padding = result.ek_certificate.size() - TRY(without_padding(evidence.ek_certificate)).size();
      TRY_VOID(flip(result.ek_certificate, padding + 8, "EK certificate"));
      break;
    }
    case Tamper::ek_public:
      TRY_VOID(other_key(result.ek_public));
      break;
    case Tamper::ak_public:
      TRY_VOID(change_public(result.ak_public, "AK public area", [](TPMT_PUBLIC& area) -> Result<void> {
        area.objectAttributes ^= TPMA_OBJECT_RESTRICTED;
        return {};
      }));
      break;
    case Tamper::credential:
      TRY_VOID(flip(result.returned_secret, 1, "returned secret"));
      break;
    case Tamper::challenge: {
      Challenge challenge = TRY(parse_challenge(evidence.challenge));
      TRY_VOID(flip(challenge.ak_name, 1, "AK name"));
      result.challenge = to_json(challenge);
      break;
    }
    case Tamper::nonce:
      TRY_VOID(flip(result.nonce, 1, "nonce"));
      break;
    case Tamper::quote_message:
      TRY_VOID(flip(result.quote_message, 1, "quote"));
      break;
    case Tamper::signature:
      TRY_VOID(flip(result.quote_signature, 1, "signature"));
      break;
    case Tamper::pcr_value:
      TRY_VOID(other_pcr_value(result));
      break;
    case Tamper::log_entry:
      result.binary_log = TRY(flip_log_bit(result.binary_log, 0));
      break;
    case Tamper::log_order:
    case Tamper::log_cut:
      TRY_VOID(change_log(result, tamper));
      break;
    case Tamper::ascii_log:
      TRY_VOID(other_digit(result.ascii_log));
      break;
  }
  return result;
}

Result<Bytes> unrelated_authority() {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!key || !certificate || !bio) return fail(ErrorKind::infra, "OpenSSL cannot make a key");
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const unsigned char common_name[] = "unrelated authority";
  bool ok = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
            ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1 &&
            X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) != nullptr &&
            X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600) != nullptr &&
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
            X509_set_issuer_name(certificate.get(), name) == 1 && X509_set_pubkey(certificate.get(), key.get()) == 1 &&
            X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0 &&
            PEM_write_bio_X509(bio.get(), certificate.get()) == 1;
  ERR_clear_error();
  if (!ok) return fail(ErrorKind::infra, "OpenSSL cannot make a certificate");
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return Bytes(data, data + size);
}

Result<Bytes> flip_log_bit(ByteView binary_log, std::size_t index) {
  ImaLog log = TRY(parse_binary_log(binary_log));
  if (index >= log.entries.size())
    return fail(ErrorKind::usage,
                fmt::format("the log has {} entries, none numbered {}", log.entries.size(), index + 1));
  ImaEntry& entry = log.entries[index];
  std::optional<FileDigest> digest = entry.file_digest();
  if (!digest || digest->bytes.empty()) {
    TRY_VOID(flip(entry.template_data, 1, "byte in the entry"));
    return to_binary(log);
  }
  // The first field holds the digest, at its end; nothing before it can hold the same bytes by chance.
  auto found = std::ranges::search(entry.template_data, digest->bytes);
  if (found.empty()) return fail(ErrorKind::bad_input, fmt::format("entry {} has no file digest", index + 1));
  *found.begin() ^= 1;
  return to_binary(log);
}

}  // namespace diglab
