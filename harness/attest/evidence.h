// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "attest/link.h"
#include "base/bytes.h"

namespace diglab {

/// All that a machine hands over to prove its state, as bytes not yet believed, and what its verifier remembers.
///
/// One directory holds one evidence under fixed names (given with each member), so that a guest can make it with a
/// shell script and a person can look at it. guest-image/attest/diglab-quote makes all but the verifier's own two.
struct AttestationEvidence {
  Bytes ek_certificate;    ///< ek.crt: DER, as it lies in the TPM's NV memory
  Bytes ek_public;         ///< ek.pub: TPM2B_PUBLIC
  Bytes ak_public;         ///< ak.pub: TPM2B_PUBLIC
  Bytes quote_message;     ///< quote.msg: TPMS_ATTEST
  Bytes quote_signature;   ///< quote.sig: TPMT_SIGNATURE
  std::string pcr_values;  ///< pcrs.txt: any form that parse_pcrs reads
  Bytes binary_log;        ///< ima.bin
  std::string ascii_log;   ///< ima.txt
  Bytes returned_secret;   ///< secret.out: what tpm2_activatecredential gave back

  Bytes nonce;            ///< nonce.hex, of the verifier: what the quote must hold
  std::string challenge;  ///< challenge.json, of the verifier: see credential.h

  /// Reads a directory; a missing file leaves its member empty, and verify() then says which link that breaks.
  /// ErrorKind::infra when the directory or a file in it cannot be read, ::bad_input for a nonce that is no
  /// hexadecimal.
  static Result<AttestationEvidence> load(const std::filesystem::path& directory);
  Result<void> store(const std::filesystem::path& directory) const;
};

/// Every link in order; nothing that stands on a broken link is worth anything, though it is still reported.
struct AttestationVerdict {
  std::vector<Link> links;

  [[nodiscard]] bool ok() const;
  [[nodiscard]] const Link* first_broken() const;
  /// "agree: ...", "differ at <link>: ..." or, where the log is at fault, "differ from entry <n> (<path>) on: ...".
  [[nodiscard]] std::string one_line() const;
};

/// Checks, in this order: ek-certificate, ek-public, ak-public, credential, quote-message, signature, nonce,
/// pcr-values, log (replayed into every quoted bank), log-forms, boot-aggregate (when its PCRs were quoted).
/// `authorities` are certificates in PEM or DER, `when` the time at which the EK's must be valid, normally now.
[[nodiscard]] AttestationVerdict verify(const AttestationEvidence& evidence, const std::vector<Bytes>& authorities,
                                        std::optional<std::chrono::system_clock::time_point> when = {});

}  // namespace diglab
