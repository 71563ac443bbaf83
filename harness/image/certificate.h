// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "base/bytes.h"

namespace diglab {

using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// RSA 2048: what every IMA and module signature check of the kernel can verify.
Result<PrivateKey> make_private_key();

/// A certificate with the extensions that the kernel's keyrings ask for: subject and authority key ids (the IMA
/// signature's key id is the end of the former), basic constraints, and a key usage. Valid 2024 to 2123.
struct CertificateRequest {
  std::string common_name;
  bool authority = false;            ///< keyCertSign instead of digitalSignature.
  X509* issuer = nullptr;            ///< Null: self-signed.
  EVP_PKEY* issuer_key = nullptr;    ///< Null: self-signed.
};
Result<Certificate> make_certificate(const CertificateRequest& request, EVP_PKEY* key);

Result<std::string> pem_of(EVP_PKEY* key);
Result<std::string> pem_of(X509* certificate);
Result<std::string> der_of(X509* certificate);

}  // namespace diglab
