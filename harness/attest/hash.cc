// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace diglab {
namespace {

struct Traits {
  HashAlgorithm algorithm;
  std::string_view name;
  std::size_t size;
  std::uint16_t tpm_id;
};

constexpr std::array<Traits, 4> table{{
    {HashAlgorithm::sha1, "sha1", 20, 0x0004},
    {HashAlgorithm::sha256, "sha256", 32, 0x000b},
    {HashAlgorithm::sha384, "sha384", 48, 0x000c},
    {HashAlgorithm::sha512, "sha512", 64, 0x000d},
}};

const Traits& traits_of(HashAlgorithm algorithm) {
  return table.at(static_cast<std::size_t>(algorithm));
}

// Fetched once: an implicit fetch per digest would cost more than hashing a short entry.
const EVP_MD* evp_of(HashAlgorithm algorithm) {
  static const std::array<const EVP_MD*, 4> fetched{
      EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_fetch(nullptr, "SHA256", nullptr),
      EVP_MD_fetch(nullptr, "SHA384", nullptr), EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  return fetched.at(static_cast<std::size_t>(algorithm));
}

}  // namespace

std::string_view name_of(HashAlgorithm algorithm) {
  return traits_of(algorithm).name;
}
std::size_t digest_size(HashAlgorithm algorithm) {
  return traits_of(algorithm).size;
}

std::optional<HashAlgorithm> hash_algorithm_named(std::string_view name) {
  for (const Traits& traits : table)
    if (traits.name == name) return traits.algorithm;
  return std::nullopt;
}

std::optional<HashAlgorithm> hash_algorithm_with_tpm_id(std::uint16_t id) {
  for (const Traits& traits : table)
    if (traits.tpm_id == id) return traits.algorithm;
  return std::nullopt;
}

std::optional<HashAlgorithm> hash_algorithm_of_size(std::size_t size) {
  for (const Traits& traits : table)
    if (traits.size == size) return traits.algorithm;
  return std::nullopt;
}

Bytes hash(HashAlgorithm algorithm, std::initializer_list<ByteView> parts) {
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Bytes digest(digest_size(algorithm));
  bool ok = EVP_DigestInit_ex(context.get(), evp_of(algorithm), nullptr) == 1;
  for (ByteView part : parts) ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  ok = ok && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  // Only memory exhaustion or a provider without SHA-1 or SHA-2 gets here, and a wrong digest must not leave.
  if (!ok) {
    fmt::print(stderr, "OpenSSL cannot compute {}\n", name_of(algorithm));
    std::abort();
  }
  return digest;
}

Bytes extend(HashAlgorithm algorithm, ByteView pcr, ByteView digest) {
  return hash(algorithm, {pcr, digest});
}

}  // namespace diglab
