// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/algorithm.h"

// The low-level interface: the other one brings all of OpenSSL's providers into a static program.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>

namespace diglim {
namespace {

constexpr std::array<Algorithm, 23> table = {{
    {0, "md4", 16},     {1, "md5", 16},          {2, "sha1", 20},         {3, "rmd160", 20},  {4, "sha256", 32},    {5, "sha384", 48},
    {6, "sha512", 64},  {7, "sha224", 28},       {8, "rmd128", 16},       {9, "rmd256", 32},  {10, "rmd320", 40},   {11, "wp256", 32},
    {12, "wp384", 48},  {13, "wp512", 64},       {14, "tgr128", 16},      {15, "tgr160", 20}, {16, "tgr192", 24},   {17, "sm3", 32},
    {18, "streebog256", 32}, {19, "streebog512", 64}, {20, "sha3-256", 32}, {21, "sha3-384", 48}, {22, "sha3-512", 64},
}};

}  // namespace

std::span<const Algorithm> algorithms() { return table; }

const Algorithm* algorithm(std::uint16_t number) { return number < table.size() ? &table[number] : nullptr; }

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &context);
  return digest;
}

}  // namespace diglim
