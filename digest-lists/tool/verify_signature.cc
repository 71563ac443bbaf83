// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <rpm/rpmpgp.h>

#include <algorithm>
#include <cctype>

#include "format/bytes.h"
#include "tool/keys.h"

namespace diglim::tool {
namespace {

using State = SignatureVerdict::State;

Result<SignatureVerdict> verify_pgp(const SignedFile& file, const Keys& keys) {
  const auto said = read_pgp_signature(file.signature);
  if (!said) return fail_format("its PGP signature", said.error());
  SignatureVerdict verdict{.state = State::unsupported, .signature = said->to_string(), .key = {}};
  pgpDigParams parsed = nullptr;
  const bool readable = said->is_supported() && pgpPrtParams(file.signature.data(), file.signature.size(), PGPTAG_SIGNATURE, &parsed) == 0;
  const std::unique_ptr<pgpDigParams_s, decltype(&pgpDigParamsFree)> signature(readable ? parsed : nullptr, pgpDigParamsFree);
  if (!signature) return verdict;
  verdict.state = State::unknown_key;
  for (const auto& key : keys.pgp()) {
    if (key.id != said->issuer) continue;
    verdict.key = fmt::format("{} ({})", key.owner, key.from.string());
    DIGEST_CTX hash = rpmDigestInit(static_cast<int>(pgpDigParamsAlgo(signature.get(), PGPVAL_HASHALGO)), RPMDIGEST_NONE);
    rpmDigestUpdate(hash, file.content.data(), file.content.size());
    const auto result = pgpVerifySignature(rpmPubkeyPgpDigParams(key.key.get()), signature.get(), hash);
    rpmDigestFinal(hash, nullptr, nullptr, 0);
    verdict.state = result == RPMRC_OK ? State::good : State::bad;
    if (verdict.state == State::good) return verdict;
  }
  return verdict;
}

using Cms = std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)>;

Cms read_cms(ByteView signature) {
  const auto* from = signature.data();
  Cms cms(d2i_CMS_ContentInfo(nullptr, &from, static_cast<long>(signature.size())), CMS_ContentInfo_free);
  ERR_clear_error();
  return cms;
}

/// Null: there is none.
CMS_SignerInfo* signer_of(const Cms& cms) {
  STACK_OF(CMS_SignerInfo)* signers = cms ? CMS_get0_SignerInfos(cms.get()) : nullptr;
  ERR_clear_error();
  return signers != nullptr && sk_CMS_SignerInfo_num(signers) > 0 ? sk_CMS_SignerInfo_value(signers, 0) : nullptr;
}

std::string describe(CMS_SignerInfo* signer) {
  X509_ALGOR *digest = nullptr, *key = nullptr;
  CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, &digest, &key);
  const auto name = [](X509_ALGOR* algorithm) {
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
    const char* text = OBJ_nid2ln(OBJ_obj2nid(object));
    return std::string(text ? text : "?");
  };
  X509_NAME* issuer = nullptr;
  ASN1_INTEGER* serial = nullptr;
  ASN1_OCTET_STRING* id = nullptr;
  CMS_SignerInfo_get0_signer_id(signer, &id, &issuer, &serial);
  std::string whose;
  if (id != nullptr) whose = "by key id " + to_hex(ByteView{ASN1_STRING_get0_data(id), static_cast<std::size_t>(ASN1_STRING_length(id))});
  if (issuer != nullptr) {
    const std::unique_ptr<char, void (*)(char*)> text(X509_NAME_oneline(issuer, nullptr, 0), [](char* p) { OPENSSL_free(p); });
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(ASN1_INTEGER_to_BN(serial, nullptr), BN_free);
    const std::unique_ptr<char, void (*)(char*)> hex(BN_bn2hex(number.get()), [](char* p) { OPENSSL_free(p); });
    whose = fmt::format("by a certificate of {}, serial {}", text.get(), hex.get());
  }
  return fmt::format("PKCS#7 signature, {}, {}, {}", name(key), name(digest), whose);
}

Result<SignatureVerdict> verify_pkcs7(const SignedFile& file, const Keys& keys) {
  const Cms cms = read_cms(file.signature);
  CMS_SignerInfo* signer = signer_of(cms);
  if (signer == nullptr) return fail(ErrorKind::bad_input, "its PKCS#7 signature cannot be read");
  SignatureVerdict verdict{.state = State::unknown_key, .signature = describe(signer), .key = {}};
  for (const auto& each : keys.x509()) {
    if (CMS_SignerInfo_cert_cmp(signer, each.certificate.get()) != 0) continue;
    verdict.key = fmt::format("{} ({})", each.owner, each.from.string());
    const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> certificates(sk_X509_new_null(),
                                                                                  [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
    sk_X509_push(certificates.get(), each.certificate.get());
    const std::unique_ptr<BIO, decltype(&BIO_free)> content(BIO_new_mem_buf(file.content.data(), static_cast<int>(file.content.size())),
                                                            BIO_free);
    // Whether the certificate is to be trusted is for who gave it to us to know: no chain.
    const int good =
        CMS_verify(cms.get(), certificates.get(), nullptr, content.get(), nullptr, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY | CMS_NOINTERN);
    ERR_clear_error();
    verdict.state = good == 1 ? State::good : State::bad;
    break;
  }
  return verdict;
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::good:
      return "good";
    case State::bad:
      return "bad";
    case State::unknown_key:
      return "unknown key";
    case State::unsupported:
      return "unsupported";
    case State::missing:
      return "missing";
  }
  return "?";
}

Result<Digest> signed_digest(const SignedFile& file) {
  if (file.kind == SignatureKind::pgp) {
    const auto signature = read_pgp_signature(file.signature);
    if (!signature) return fail_format("its PGP signature", signature.error());
    const Algorithm* algorithm = algorithm_of_pgp(signature->hash);
    if (algorithm == nullptr) return fail(ErrorKind::bad_input, "the hash of its PGP signature is unknown to the kernel");
    return digest_of(std::string(text_of(file.content)) + signature->hashed, *algorithm);
  }
  const Cms cms = read_cms(file.signature);
  CMS_SignerInfo* signer = signer_of(cms);
  if (signer == nullptr) return fail(ErrorKind::bad_input, "its PKCS#7 signature cannot be read");
  // With attributes, which sign-file leaves out, the digest would be theirs.
  if (CMS_signed_get_attr_count(signer) > 0)
    return fail(ErrorKind::bad_input, "its PKCS#7 signature has attributes: the kernel's digest of it is not foretold");
  X509_ALGOR* hash = nullptr;
  CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, &hash, nullptr);
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, hash);
  const EVP_MD* method = EVP_get_digestbyobj(object);
  std::string name = method ? EVP_MD_get0_name(method) : "";
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // OpenSSL says "SHA2-256" where the kernel says "sha256".
  if (name.starts_with("sha2-")) name.erase(3, 2);
  return digest_of(text_of(file.content), *TRY(algorithm_called(name)));
}

Result<SignatureVerdict> verify(const SignedFile& file, const Keys& keys) {
  if (!file.kind) return SignatureVerdict{};
  return *file.kind == SignatureKind::pgp ? verify_pgp(file, keys) : verify_pkcs7(file, keys);
}

}  // namespace diglim::tool
