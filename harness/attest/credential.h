// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "attest/tpm_public.h"

namespace diglab {

/// A challenge that only a TPM which holds both keys can answer (TPM 2.0 part 1, "credential protection").
///
/// The verifier keeps `secret` and the two names; the guest gets `blob`, hands it to tpm2_activatecredential, and
/// returns what comes out. Keeping the names ties the answer to those two keys and no others.
struct Challenge {
  Bytes secret;
  Bytes ek_name;
  Bytes ak_name;
  Bytes blob;  ///< As tpm2-tools read and write it: magic, version, TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET.
};

/// Wraps `secret` (1 to the size of the EK's name hash) for the TPM that holds `ek`, to be opened only if it also holds
/// the key of that name. Software only: no TPM is asked.
Result<Challenge> make_credential(const TpmPublic& ek, const TpmPublic& ak, ByteView secret);

/// With a fresh random secret of 32 bytes.
Result<Challenge> make_challenge(const TpmPublic& ek, const TpmPublic& ak);

/// Stores and reads what the verifier must remember: JSON with the four members in hexadecimal.
[[nodiscard]] std::string to_json(const Challenge& challenge);
Result<Challenge> parse_challenge(std::string_view json);

}  // namespace diglab
