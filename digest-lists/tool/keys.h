// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <openssl/x509.h>
#include <rpm/rpmkeyring.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "format/signature.h"
#include "tool/digest.h"
#include "tool/result.h"

namespace diglim::tool {

/// Public keys out of files, to verify signatures with.
class Keys {
 public:
  struct Pgp {
    std::filesystem::path from;
    std::string id;     ///< 16 hexadecimal digits.
    std::string owner;  ///< User ID; a subkey has its main key's.
    std::shared_ptr<rpmPubkey_s> key;
    std::string packets;  ///< Of a main key: all that was exported of it, certifications included. Of a subkey: none.
  };
  struct X509 {
    std::filesystem::path from;
    std::string owner;  ///< Subject, in one line.
    std::shared_ptr<::X509> certificate;
  };

  /// Adds what the file holds: OpenPGP keys, in ASCII armour or not, or certificates, PEM or DER; of a directory, what its files
  /// hold. ErrorKind::bad_input if that is nothing.
  Result<void> add(const std::filesystem::path& path);

  [[nodiscard]] const std::vector<Pgp>& pgp() const { return pgp_; }
  [[nodiscard]] const std::vector<X509>& x509() const { return x509_; }

 private:
  Result<bool> add_file(const std::filesystem::path& file);
  bool add_pgp(const std::filesystem::path& file, const std::string& content);
  bool add_x509(const std::filesystem::path& file, const std::string& content);

  std::vector<Pgp> pgp_;
  std::vector<X509> x509_;
};

/// What a signature turned out to be.
struct SignatureVerdict {
  enum class State {
    good,
    bad,  ///< The key is known, and it did not sign this content.
    unknown_key,
    unsupported,  ///< The kernel could not verify it, whoever made it.
    missing,
  };
  State state = State::missing;
  std::string signature;  ///< What it says of itself: "RSA signature, version 4, sha256, by key 0123456789abcdef"
  std::string key;        ///< Whose, and from which file. Empty: no key of those given.
};
[[nodiscard]] std::string_view to_string(SignatureVerdict::State state);

/// The digest that the signature is of: IMA puts it into the log as d-modsig. The file has a signature; ErrorKind::bad_input for one that
/// cannot be read.
Result<Digest> signed_digest(const SignedFile& file);

/// ErrorKind::bad_input for a signature that cannot be read.
Result<SignatureVerdict> verify(const SignedFile& file, const Keys& keys);

}  // namespace diglim::tool
