// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/sha256.h"

// The low-level interface: the other one brings all of OpenSSL's providers into a static program.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace diglim {

std::string sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &context);
  return digest;
}

}  // namespace diglim
