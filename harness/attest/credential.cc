// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/credential.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <nlohmann/json.hpp>

namespace diglab {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

constexpr std::uint32_t file_magic = 0xbadcc0de;  // tpm2-tools, lib/files.c
constexpr std::uint32_t file_version = 1;

std::unexpected<Error> openssl_failed(std::string_view what) {
  ERR_clear_error();
  return fail(ErrorKind::bad_input, fmt::format("credential: OpenSSL cannot {} with this endorsement key", what));
}

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_be(Bytes& out, std::uint64_t value, unsigned size) {
  while (size-- > 0) out.push_back(static_cast<std::uint8_t>(value >> 8 * size));
}

/// TPM2B: two bytes of size, then the bytes.
void append_sized(Bytes& out, ByteView bytes) {
  append_be(out, bytes.size(), 2);
  append(out, bytes);
}

OSSL_PARAM text_param(const char* key, std::string& value) {
  return OSSL_PARAM_construct_utf8_string(key, value.data(), 0);
}
OSSL_PARAM bytes_param(const char* key, Bytes& value) {
  return OSSL_PARAM_construct_octet_string(key, value.data(), value.size());
}

Result<Bytes> derive(const char* kdf_name, const OSSL_PARAM* params, std::size_t size) {
  std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, kdf_name, nullptr), EVP_KDF_free);
  std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()), EVP_KDF_CTX_free);
  Bytes out(size);
  if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), params) != 1)
    return openssl_failed("derive a key");
  return out;
}

/// KDFa of TPM 2.0 part 1, 11.4.10.2: SP 800-108 in counter mode with HMAC.
Result<Bytes> kdf_a(HashAlgorithm algorithm, Bytes key, std::string_view label, Bytes context, std::size_t size) {
  std::string mode = "counter";
  std::string mac = "HMAC";
  std::string digest(name_of(algorithm));
  Bytes label_bytes(label.begin(), label.end());
  OSSL_PARAM params[] = {text_param(OSSL_KDF_PARAM_MODE, mode),
                         text_param(OSSL_KDF_PARAM_MAC, mac),
                         text_param(OSSL_KDF_PARAM_DIGEST, digest),
                         bytes_param(OSSL_KDF_PARAM_KEY, key),
                         bytes_param(OSSL_KDF_PARAM_SALT, label_bytes),
                         bytes_param(OSSL_KDF_PARAM_INFO, context),
                         OSSL_PARAM_construct_end()};
  return derive("KBKDF", params, size);
}

/// KDFe of TPM 2.0 part 1, 11.4.10.3: the single-step KDF of SP 800-56A with a plain hash.
Result<Bytes> kdf_e(HashAlgorithm algorithm, Bytes z, std::string_view label, ByteView party_u, ByteView party_v) {
  std::string digest(name_of(algorithm));
  Bytes info(label.begin(), label.end());
  info.push_back(0);
  append(info, party_u);
  append(info, party_v);
  OSSL_PARAM params[] = {text_param(OSSL_KDF_PARAM_DIGEST, digest), bytes_param(OSSL_KDF_PARAM_KEY, z),
                         bytes_param(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  return derive("SSKDF", params, digest_size(algorithm));
}

/// A seed that only the holder of the EK's private half learns, and what to send for that.
struct SharedSeed {
  Bytes seed;
  Bytes encrypted;  ///< The content of TPM2B_ENCRYPTED_SECRET.
};

Result<SharedSeed> seed_for_rsa(const TpmPublic& ek) {
  SharedSeed shared;
  shared.seed.resize(digest_size(ek.name_algorithm()));
  if (RAND_bytes(shared.seed.data(), static_cast<int>(shared.seed.size())) != 1)
    return openssl_failed("draw random bytes");
  KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, ek.key().get(), nullptr), EVP_PKEY_CTX_free);
  std::string padding = OSSL_PKEY_RSA_PAD_MODE_OAEP;
  std::string digest(name_of(ek.name_algorithm()));
  Bytes label{'I', 'D', 'E', 'N', 'T', 'I', 'T', 'Y', 0};
  OSSL_PARAM params[] = {text_param(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, padding),
                         text_param(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest),
                         text_param(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest),
                         bytes_param(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label), OSSL_PARAM_construct_end()};
  std::size_t size = 0;
  if (!context || EVP_PKEY_encrypt_init_ex(context.get(), params) != 1 ||
      EVP_PKEY_encrypt(context.get(), nullptr, &size, shared.seed.data(), shared.seed.size()) != 1)
    return openssl_failed("encrypt");
  shared.encrypted.resize(size);
  if (EVP_PKEY_encrypt(context.get(), shared.encrypted.data(), &size, shared.seed.data(), shared.seed.size()) != 1)
    return openssl_failed("encrypt");
  shared.encrypted.resize(size);
  return shared;
}

/// The two coordinates, each as wide as the curve's field.
Result<std::pair<Bytes, Bytes>> coordinates(EVP_PKEY* key) {
  std::size_t size = (static_cast<std::size_t>(EVP_PKEY_get_bits(key)) + 7) / 8;
  std::pair<Bytes, Bytes> result;
  for (auto [name, into] :
       {std::pair(OSSL_PKEY_PARAM_EC_PUB_X, &result.first), std::pair(OSSL_PKEY_PARAM_EC_PUB_Y, &result.second)}) {
    BIGNUM* number = nullptr;
    into->resize(size);
    bool ok = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
              BN_bn2binpad(number, into->data(), static_cast<int>(size)) >= 0;
    BN_free(number);
    if (!ok) return openssl_failed("read a point");
  }
  return result;
}

Result<SharedSeed> seed_for_ecc(const TpmPublic& ek) {
  char group[64];
  if (EVP_PKEY_get_group_name(ek.key().get(), group, sizeof(group), nullptr) != 1)
    return openssl_failed("name the curve");
  Key ephemeral(EVP_EC_gen(group), EVP_PKEY_free);
  if (!ephemeral) return openssl_failed("make a key");
  KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, ephemeral.get(), nullptr), EVP_PKEY_CTX_free);
  std::size_t size = 0;
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), ek.key().get()) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1)
    return openssl_failed("agree on a secret");
  Bytes z(size);
  if (EVP_PKEY_derive(context.get(), z.data(), &size) != 1) return openssl_failed("agree on a secret");
  z.resize(size);
  auto [x, y] = TRY(coordinates(ephemeral.get()));
  Bytes ek_x = TRY(coordinates(ek.key().get())).first;
  SharedSeed shared;
  shared.seed = TRY(kdf_e(ek.name_algorithm(), std::move(z), "IDENTITY", x, ek_x));
  append_sized(shared.encrypted, x);
  append_sized(shared.encrypted, y);
  return shared;
}

Result<Bytes> encrypt_aes_cfb(ByteView key, ByteView text) {
  std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(
      EVP_CIPHER_fetch(nullptr, fmt::format("AES-{}-CFB", key.size() * 8).c_str(), nullptr), EVP_CIPHER_free);
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const Bytes zero(16, 0);
  Bytes out(text.size());
  int size = 0;
  if (!cipher || !context || EVP_EncryptInit_ex2(context.get(), cipher.get(), key.data(), zero.data(), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, text.data(), static_cast<int>(text.size())) != 1)
    return openssl_failed("encrypt");
  return out;
}

Result<Bytes> hmac(HashAlgorithm algorithm, ByteView key, ByteView text) {
  Bytes out(digest_size(algorithm));
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, std::string(name_of(algorithm)).c_str(), nullptr, key.data(), key.size(),
                text.data(), text.size(), out.data(), out.size(), &size) == nullptr)
    return openssl_failed("authenticate");
  return out;
}

}  // namespace

Result<Challenge> make_credential(const TpmPublic& ek, const TpmPublic& ak, ByteView secret) {
  TRY_VOID(ek.check_endorsement_key());
  HashAlgorithm algorithm = ek.name_algorithm();
  if (secret.empty() || secret.size() > digest_size(algorithm))
    return fail(ErrorKind::usage,
                fmt::format("a credential holds 1 to {} bytes, not {}", digest_size(algorithm), secret.size()));
  SharedSeed shared = TRY(ek.is_ecc() ? seed_for_ecc(ek) : seed_for_rsa(ek));

  Bytes storage_key = TRY(kdf_a(algorithm, shared.seed, "STORAGE", ak.name(), ek.aes_bits() / 8U));
  Bytes integrity_key = TRY(kdf_a(algorithm, shared.seed, "INTEGRITY", {}, digest_size(algorithm)));
  Bytes plain;
  append_sized(plain, secret);
  Bytes identity = TRY(encrypt_aes_cfb(storage_key, plain));
  Bytes authenticated = identity;
  append(authenticated, ak.name());

  Bytes id_object;
  append_sized(id_object, TRY(hmac(algorithm, integrity_key, authenticated)));
  append(id_object, identity);

  Challenge challenge{.secret = {secret.begin(), secret.end()}, .ek_name = ek.name(), .ak_name = ak.name(), .blob = {}};
  append_be(challenge.blob, file_magic, 4);
  append_be(challenge.blob, file_version, 4);
  append_sized(challenge.blob, id_object);
  append_sized(challenge.blob, shared.encrypted);
  return challenge;
}

Result<Challenge> make_challenge(const TpmPublic& ek, const TpmPublic& ak) {
  Bytes secret(std::min<std::size_t>(32, digest_size(ek.name_algorithm())));
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) return openssl_failed("draw random bytes");
  return make_credential(ek, ak, secret);
}

std::string to_json(const Challenge& challenge) {
  nlohmann::json json{{"secret", to_hex(challenge.secret)},
                      {"ek_name", to_hex(challenge.ek_name)},
                      {"ak_name", to_hex(challenge.ak_name)},
                      {"blob", to_hex(challenge.blob)}};
  return json.dump(2) + "\n";
}

Result<Challenge> parse_challenge(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorKind::bad_input, "challenge: not a JSON object");
  Challenge challenge;
  for (auto [name, into] : {std::pair("secret", &challenge.secret), std::pair("ek_name", &challenge.ek_name),
                            std::pair("ak_name", &challenge.ak_name), std::pair("blob", &challenge.blob)}) {
    if (!json.contains(name) || !json[name].is_string())
      return fail(ErrorKind::bad_input, fmt::format("challenge: member \"{}\" in hexadecimal expected", name));
    *into = TRY(from_hex(json[name].get_ref<const std::string&>()), fmt::format("challenge: {}", name));
  }
  return challenge;
}

}  // namespace diglab
