// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "attest/hash.h"

namespace diglab {

/// A public key for OpenSSL, shared and never changed.
using PublicKey = std::shared_ptr<EVP_PKEY>;

/// The public area of a TPM key: TPM2B_PUBLIC as tpm2-tools write it, or the TPMT_PUBLIC inside.
///
/// RSA and NIST curves P-256, P-384 and P-521; anything else is ErrorKind::bad_input.
class TpmPublic {
 public:
  static Result<TpmPublic> parse(ByteView bytes);

  [[nodiscard]] bool is_ecc() const { return is_ecc_; }
  [[nodiscard]] const PublicKey& key() const { return key_; }
  /// nameAlg || hash(TPMT_PUBLIC): what binds a key to its attributes.
  [[nodiscard]] const Bytes& name() const { return name_; }
  [[nodiscard]] HashAlgorithm name_algorithm() const { return name_algorithm_; }
  /// The TPMA_OBJECT bits.
  [[nodiscard]] std::uint32_t attributes() const { return attributes_; }

  /// Symmetric scheme of a storage parent: AES key bits in CFB mode; 0 if it has none.
  [[nodiscard]] std::uint16_t aes_bits() const { return aes_bits_; }

  /// An attestation key: restricted, signing, not decrypting, made inside and bound to one TPM. Otherwise
  /// ErrorKind::bad_input names the attribute that is wrong.
  Result<void> check_attestation_key() const;
  /// A storage key that a TPM may have as endorsement key.
  Result<void> check_endorsement_key() const;

 private:
  TpmPublic() = default;

  bool is_ecc_ = false;
  PublicKey key_;
  Bytes name_;
  HashAlgorithm name_algorithm_ = HashAlgorithm::sha256;
  std::uint32_t attributes_ = 0;
  std::uint16_t aes_bits_ = 0;
};

/// SubjectPublicKeyInfo in PEM or DER.
Result<PublicKey> parse_public_key(ByteView bytes);

}  // namespace diglab
