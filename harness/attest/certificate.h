// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "attest/tpm_public.h"

namespace diglab {

/// An endorsement key's certificate, checked against what a TPM maker signs.
struct EkCertificate {
  std::string subject;  ///< Often empty: TPM certificates identify the chip in the subject's alternative name.
  std::string issuer;
  std::string tpm;  ///< Manufacturer, model and version as the alternative name tells them.
  PublicKey key;
};

/// Verifies `certificate` (DER or PEM; padding after the DER, as NV indices have it, is allowed) up to any of the
/// `authorities` (PEM bundles or DER), each of which is trusted.
///
/// Extensions that OpenSSL does not know and that are critical are accepted if TPM makers use them (subject directory
/// attributes and those of the TCG). `when`: at which time it must be valid, normally now. ErrorKind::bad_input says
/// what is wrong.
Result<EkCertificate> verify_ek_certificate(ByteView certificate, const std::vector<Bytes>& authorities,
                                            std::optional<std::chrono::system_clock::time_point> when = {});

/// ErrorKind::bad_input for a file of authorities (PEM bundle or DER) in which there is no certificate.
Result<void> check_authorities(ByteView bytes);

/// The certificate's own bytes, without the padding that may follow it in NV memory.
Result<ByteView> without_padding(ByteView certificate);

/// Whether the certificate is of this very key.
[[nodiscard]] bool same_key(const PublicKey& a, const PublicKey& b);

}  // namespace diglab
