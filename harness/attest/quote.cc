// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/quote.h"

#include <fmt/format.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <tss2/tss2_mu.h>

#include <algorithm>
#include <memory>

#include "attest/tss.h"

namespace diglab {
namespace {

template <typename Sized>
Bytes bytes_of(const Sized& sized, const BYTE* data) {
  return {data, data + sized.size};
}

Result<HashAlgorithm> known_hash(TPMI_ALG_HASH id, std::string_view what) {
  auto algorithm = hash_algorithm_with_tpm_id(id);
  if (!algorithm)
    return fail(ErrorKind::bad_input, fmt::format("{}: hash algorithm {:#06x} is not supported", what, id));
  return *algorithm;
}

/// A signature as OpenSSL wants it.
struct PlainSignature {
  HashAlgorithm hash = HashAlgorithm::sha256;
  bool pss = false;
  bool ecdsa = false;
  Bytes bytes;
};

Result<Bytes> der_of(const TPMS_SIGNATURE_ECC& ecc) {
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  BIGNUM* r = BN_bin2bn(ecc.signatureR.buffer, ecc.signatureR.size, nullptr);
  BIGNUM* s = BN_bin2bn(ecc.signatureS.buffer, ecc.signatureS.size, nullptr);
  if (!pair || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return fail(ErrorKind::infra, "OpenSSL: out of memory");
  }
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return fail(ErrorKind::bad_input, "signature: no ECDSA values");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

Result<PlainSignature> parse_signature(ByteView bytes) {
  TPMT_SIGNATURE signature{};
  TRY_VOID(unmarshal(Tss2_MU_TPMT_SIGNATURE_Unmarshal, bytes, signature, "signature"));
  PlainSignature plain;
  switch (signature.sigAlg) {
    case TPM2_ALG_RSASSA:
    case TPM2_ALG_RSAPSS: {
      // Both have one layout; the union's member follows the scheme.
      const TPMS_SIGNATURE_RSA& rsa =
          signature.sigAlg == TPM2_ALG_RSASSA ? signature.signature.rsassa : signature.signature.rsapss;
      plain.hash = TRY(known_hash(rsa.hash, "signature"));
      plain.pss = signature.sigAlg == TPM2_ALG_RSAPSS;
      plain.bytes = bytes_of(rsa.sig, rsa.sig.buffer);
      return plain;
    }
    case TPM2_ALG_ECDSA:
      plain.hash = TRY(known_hash(signature.signature.ecdsa.hash, "signature"));
      plain.ecdsa = true;
      plain.bytes = TRY(der_of(signature.signature.ecdsa));
      return plain;
    default:
      return fail(ErrorKind::bad_input, fmt::format("signature: scheme {:#06x} is not supported", signature.sigAlg));
  }
}

bool verifies(ByteView message, const PlainSignature& signature, EVP_PKEY* key) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* options = nullptr;  // owned by context
  const EVP_MD* algorithm = EVP_get_digestbyname(std::string(name_of(signature.hash)).c_str());
  bool ok = context && EVP_DigestVerifyInit(context.get(), &options, algorithm, nullptr, key) == 1;
  if (ok && signature.pss)
    ok = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_AUTO) == 1;
  ok = ok && EVP_DigestVerify(context.get(), signature.bytes.data(), signature.bytes.size(), message.data(),
                              message.size()) == 1;
  ERR_clear_error();  // a wrong signature is an answer, not an error to be found later by somebody else
  return ok;
}

Result<const Bytes*> value_of(const PcrBanks& pcrs, HashAlgorithm bank, std::uint32_t index) {
  if (const Bytes* value = pcrs.find(bank, index)) return value;
  return fail(ErrorKind::bad_input,
              fmt::format("PCR {} of bank {} was quoted, but its value is not given", index, name_of(bank)));
}

}  // namespace

Result<Quote> parse_quote(ByteView message) {
  TPMS_ATTEST attest{};
  TRY_VOID(unmarshal(Tss2_MU_TPMS_ATTEST_Unmarshal, without_size(message), attest, "quote"));
  // Only a TPM starts a message it signs with a restricted key with this value: it refuses to sign other data that
  // does.
  if (attest.magic != TPM2_GENERATED_VALUE)
    return fail(ErrorKind::bad_input, fmt::format("quote: magic {:#010x}: not made by a TPM", attest.magic));
  if (attest.type != TPM2_ST_ATTEST_QUOTE)
    return fail(ErrorKind::bad_input, fmt::format("quote: attestation type {:#06x} is no quote", attest.type));

  Quote quote;
  quote.nonce = bytes_of(attest.extraData, attest.extraData.buffer);
  quote.signer_name = bytes_of(attest.qualifiedSigner, attest.qualifiedSigner.name);
  quote.clock = attest.clockInfo.clock;
  quote.reset_count = attest.clockInfo.resetCount;
  quote.restart_count = attest.clockInfo.restartCount;
  quote.clock_safe = attest.clockInfo.safe != 0;
  quote.firmware_version = attest.firmwareVersion;
  const TPMS_QUOTE_INFO& info = attest.attested.quote;
  quote.pcr_digest = bytes_of(info.pcrDigest, info.pcrDigest.buffer);
  for (std::uint32_t i = 0; i < info.pcrSelect.count; ++i) {
    const TPMS_PCR_SELECTION& selection = info.pcrSelect.pcrSelections[i];
    std::set<std::uint32_t> pcrs;
    for (std::uint32_t pcr = 0; pcr < std::min<std::size_t>(selection.sizeofSelect, sizeof(selection.pcrSelect)) * 8;
         ++pcr)
      if ((selection.pcrSelect[pcr / 8] >> (pcr % 8) & 1) != 0) pcrs.insert(pcr);
    if (pcrs.empty()) continue;
    quote.selection.emplace_back(TRY(known_hash(selection.hash, "quote")), std::move(pcrs));
  }
  return quote;
}

Result<bool> signature_is_valid(ByteView message, ByteView signature, const PublicKey& key) {
  message = without_size(message);
  bool ecc = EVP_PKEY_is_a(key.get(), "EC") == 1;
  if (!ecc && EVP_PKEY_is_a(key.get(), "RSA") != 1)
    return fail(ErrorKind::bad_input, "signature: the key is neither RSA nor EC");
  auto parsed = parse_signature(signature);
  if (parsed) return parsed->ecdsa == ecc && verifies(message, *parsed, key.get());

  // A bare signature does not say its scheme: it is valid if it is under any.
  bool bare = ecc ? !signature.empty() && signature[0] == 0x30
                  : signature.size() == static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
  if (!bare) return fail(std::move(parsed).error());
  for (HashAlgorithm algorithm : all_hash_algorithms)
    for (bool pss : {false, true})
      if (!(ecc && pss) && verifies(message, {algorithm, pss, ecc, {signature.begin(), signature.end()}}, key.get()))
        return true;
  return false;
}

Result<PcrBanks> quoted_values(const Quote& quote, const PcrBanks& pcrs) {
  PcrBanks quoted;
  for (const auto& [bank, indices] : quote.selection)
    for (std::uint32_t index : indices) TRY_VOID(quoted.set(bank, index, *TRY(value_of(pcrs, bank, index))));
  return quoted;
}

Result<Bytes> pcr_digest_of(const Quote& quote, const PcrBanks& pcrs, HashAlgorithm digest) {
  Bytes values;
  for (const auto& [bank, indices] : quote.selection)
    for (std::uint32_t index : indices) {
      const Bytes* value = TRY(value_of(pcrs, bank, index));
      values.insert(values.end(), value->begin(), value->end());
    }
  return hash(digest, {values});
}

Result<bool> quote_covers(const Quote& quote, const PcrBanks& pcrs) {
  // The digest is of the signing scheme's hash, and its size tells which that was.
  auto digest = hash_algorithm_of_size(quote.pcr_digest.size());
  if (!digest)
    return fail(ErrorKind::bad_input, fmt::format("quote: a PCR digest of {} bytes", quote.pcr_digest.size()));
  return TRY(pcr_digest_of(quote, pcrs, *digest)) == quote.pcr_digest;
}

}  // namespace diglab
