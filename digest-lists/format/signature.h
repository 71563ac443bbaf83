// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/bytes.h"
#include "format/format_error.h"

namespace diglim {

/// Which kind of signature is appended to a file: struct module_signature's id_type (include/linux/module_signature.h).
enum class SignatureKind : std::uint8_t { pgp = 0, pkcs7 = 2 };

/// A file as sign-file leaves it: content, signature, 12 bytes of struct module_signature, and the marker.
struct SignedFile {
  ByteView content;
  std::optional<SignatureKind> kind;  ///< Nothing: no signature is appended, and the content is all of it.
  ByteView signature;
};

/// Takes a file apart; whether the signature is good is IMA's to say. Refuses a trailer that claims more than there is, or has
/// something in it that the kernel does not know.
[[nodiscard]] Result<SignedFile> split_signature(ByteView file);

/// The reverse.
[[nodiscard]] std::string append_signature(std::string_view content, std::string_view signature, SignatureKind kind);

/// What an OpenPGP signature packet says of itself (RFC 4880, RFC 9580): enough to name it.
struct PgpSignature {
  unsigned version = 0;    ///< 3, 4 or 6.
  unsigned type = 0;       ///< 0: of a document.
  unsigned algorithm = 0;  ///< Of the public key: 1 to 3 RSA, 17 DSA, 19 ECDSA, 22 EdDSA, 27 Ed25519, 28 Ed448.
  unsigned hash = 0;       ///< algorithm_of_pgp() knows it.
  std::string issuer;      ///< The key's id, 16 hexadecimal digits. Empty: not said.
  std::string hashed = {};  ///< What is hashed after the document (RFC 4880, 5.2.4).

  /// Whether the kernel's patches can verify such a signature: RSA, version 3 or 4.
  [[nodiscard]] bool is_supported() const { return algorithm >= 1 && algorithm <= 3 && version <= 4; }
  /// "EdDSA signature, version 4, sha512, by key 0123456789abcdef"
  [[nodiscard]] std::string to_string() const;
};

/// Reads one signature packet that fills `packet`. Of the signature itself nothing is looked at.
[[nodiscard]] Result<PgpSignature> read_pgp_signature(ByteView packet);

}  // namespace diglim
