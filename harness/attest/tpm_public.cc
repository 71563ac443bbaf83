// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/tpm_public.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <tss2/tss2_mu.h>

#include "attest/tss.h"

namespace diglab {
namespace {

/// Without it OpenSSL asks the terminal when a PEM file claims to be encrypted.
int no_password(char*, int, int, void*) {
  return -1;
}

using Params = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

Result<PublicKey> key_from(const char* type, OSSL_PARAM_BLD* builder) {
  Params params(OSSL_PARAM_BLD_to_param(builder), OSSL_PARAM_free);
  Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1 || key == nullptr)
    return fail(ErrorKind::bad_input, fmt::format("TPM public area: no valid {} public key", type));
  return PublicKey(key, EVP_PKEY_free);
}

Result<PublicKey> rsa_key(const TPMT_PUBLIC& area) {
  const TPM2B_PUBLIC_KEY_RSA& modulus = area.unique.rsa;
  if (modulus.size < 128)
    return fail(ErrorKind::bad_input, fmt::format("TPM public area: an RSA modulus of {} bytes", modulus.size));
  std::uint32_t exponent = area.parameters.rsaDetail.exponent == 0 ? 65537 : area.parameters.rsaDetail.exponent;
  Number n(BN_bin2bn(modulus.buffer, modulus.size, nullptr), BN_free);
  Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  if (!n || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_uint32(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
    return fail(ErrorKind::infra, "OpenSSL: out of memory");
  return key_from("RSA", builder.get());
}

Result<PublicKey> ecc_key(const TPMT_PUBLIC& area) {
  const char* group = nullptr;
  std::size_t size = 0;
  switch (area.parameters.eccDetail.curveID) {
    case TPM2_ECC_NIST_P256:
      group = "P-256", size = 32;
      break;
    case TPM2_ECC_NIST_P384:
      group = "P-384", size = 48;
      break;
    case TPM2_ECC_NIST_P521:
      group = "P-521", size = 66;
      break;
    default:
      return fail(ErrorKind::bad_input, fmt::format("TPM public area: elliptic curve {:#06x} is not supported",
                                                    area.parameters.eccDetail.curveID));
  }
  Bytes point{0x04};
  for (const TPM2B_ECC_PARAMETER* coordinate : {&area.unique.ecc.x, &area.unique.ecc.y}) {
    if (coordinate->size > size)
      return fail(ErrorKind::bad_input,
                  fmt::format("TPM public area: a coordinate of {} bytes on {}", coordinate->size, group));
    point.insert(point.end(), size - coordinate->size, 0);
    point.insert(point.end(), coordinate->buffer, coordinate->buffer + coordinate->size);
  }
  Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return fail(ErrorKind::infra, "OpenSSL: out of memory");
  return key_from("EC", builder.get());
}

struct Attribute {
  TPMA_OBJECT bit;
  bool wanted;
  std::string_view name;
};

Result<void> check(std::string_view role, TPMA_OBJECT attributes, std::initializer_list<Attribute> wanted) {
  for (const Attribute& attribute : wanted)
    if (((attributes & attribute.bit) != 0) != attribute.wanted)
      return fail(ErrorKind::bad_input,
                  fmt::format("no {}: attribute {} is {}set", role, attribute.name, attribute.wanted ? "not " : ""));
  return {};
}

}  // namespace

Result<TpmPublic> TpmPublic::parse(ByteView bytes) {
  TPMT_PUBLIC area{};
  ByteView body = without_size(bytes);
  TRY_VOID(unmarshal(Tss2_MU_TPMT_PUBLIC_Unmarshal, body, area, "TPM public area"));

  TpmPublic result;
  auto name_algorithm = hash_algorithm_with_tpm_id(area.nameAlg);
  if (!name_algorithm)
    return fail(ErrorKind::bad_input,
                fmt::format("TPM public area: name algorithm {:#06x} is not supported", area.nameAlg));
  result.name_algorithm_ = *name_algorithm;
  result.attributes_ = area.objectAttributes;
  TPMT_SYM_DEF_OBJECT symmetric{};
  if (area.type == TPM2_ALG_RSA) {
    result.key_ = TRY(rsa_key(area));
    symmetric = area.parameters.rsaDetail.symmetric;
  } else if (area.type == TPM2_ALG_ECC) {
    result.is_ecc_ = true;
    result.key_ = TRY(ecc_key(area));
    symmetric = area.parameters.eccDetail.symmetric;
  } else {
    return fail(ErrorKind::bad_input, fmt::format("TPM public area: key type {:#06x} is not supported", area.type));
  }
  if (symmetric.algorithm == TPM2_ALG_AES && symmetric.mode.aes == TPM2_ALG_CFB)
    result.aes_bits_ = symmetric.keyBits.aes;

  // The name is over the bytes as given: they were unmarshalled to the last one, and marshalling is canonical.
  Bytes digest = hash(*name_algorithm, {body});
  result.name_ = {static_cast<std::uint8_t>(area.nameAlg >> 8), static_cast<std::uint8_t>(area.nameAlg)};
  result.name_.insert(result.name_.end(), digest.begin(), digest.end());
  return result;
}

Result<void> TpmPublic::check_attestation_key() const {
  return check("attestation key", attributes_,
               {{TPMA_OBJECT_FIXEDTPM, true, "fixedTPM"},
                {TPMA_OBJECT_FIXEDPARENT, true, "fixedParent"},
                {TPMA_OBJECT_SENSITIVEDATAORIGIN, true, "sensitiveDataOrigin"},
                {TPMA_OBJECT_RESTRICTED, true, "restricted"},
                {TPMA_OBJECT_SIGN_ENCRYPT, true, "sign"},
                {TPMA_OBJECT_DECRYPT, false, "decrypt"}});
}

Result<void> TpmPublic::check_endorsement_key() const {
  TRY_VOID(check("endorsement key", attributes_,
                 {{TPMA_OBJECT_FIXEDTPM, true, "fixedTPM"},
                  {TPMA_OBJECT_FIXEDPARENT, true, "fixedParent"},
                  {TPMA_OBJECT_SENSITIVEDATAORIGIN, true, "sensitiveDataOrigin"},
                  {TPMA_OBJECT_RESTRICTED, true, "restricted"},
                  {TPMA_OBJECT_DECRYPT, true, "decrypt"},
                  {TPMA_OBJECT_SIGN_ENCRYPT, false, "sign"}}));
  if (aes_bits_ == 0) return fail(ErrorKind::bad_input, "no endorsement key: it protects its children with no AES-CFB");
  return {};
}

Result<PublicKey> parse_public_key(ByteView bytes) {
  if (bytes.size() > 65536) return fail(ErrorKind::bad_input, fmt::format("a public key of {} bytes", bytes.size()));
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())),
                                                BIO_free);
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr);
  if (key == nullptr) {
    const unsigned char* data = bytes.data();
    key = d2i_PUBKEY(nullptr, &data, static_cast<long>(bytes.size()));
  }
  if (key == nullptr) return fail(ErrorKind::bad_input, "no public key in PEM or DER");
  return PublicKey(key, EVP_PKEY_free);
}

}  // namespace diglab
