// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string_view>

#include "attest/evidence.h"

namespace diglab {

/// A deliberate corruption of one link, the control of every claim that a chain is verified.
enum class Tamper {
  ek_certificate,  ///< one bit of the signed part
  ca,              ///< verified against an unrelated authority: the only one that leaves the evidence as it is
  ek_public,       ///< another key
  ak_public,       ///< one attribute
  credential,      ///< another secret returned
  challenge,       ///< the challenge was made for another attestation key
  nonce,           ///< an old quote
  quote_message,   ///< one bit of the signed message
  signature,       ///< one bit
  pcr_value,       ///< one bit of a quoted value
  log_entry,       ///< one bit of one entry's file digest
  log_order,       ///< two different neighbours exchanged
  log_cut,         ///< the last entries left out
  ascii_log,       ///< one digit of the second form
};

inline constexpr std::array all_tampers{
    Tamper::ek_certificate, Tamper::ca,        Tamper::ek_public,     Tamper::ak_public, Tamper::credential,
    Tamper::challenge,      Tamper::nonce,     Tamper::quote_message, Tamper::signature, Tamper::pcr_value,
    Tamper::log_entry,      Tamper::log_order, Tamper::log_cut,       Tamper::ascii_log};

[[nodiscard]] std::string_view name_of(Tamper tamper);

/// The link (see verify) that must be the first to break.
[[nodiscard]] std::string_view link_broken_by(Tamper tamper);

/// The evidence with that corruption, which keeps everything parseable. ErrorKind::bad_input when it has no such part.
Result<AttestationEvidence> tampered(const AttestationEvidence& evidence, Tamper tamper);

/// A self-signed certificate (PEM) of a fresh key, for Tamper::ca.
Result<Bytes> unrelated_authority();

/// A binary log with one bit of the file digest of entry `index` (from 0) flipped, the template digest left.
Result<Bytes> flip_log_bit(ByteView binary_log, std::size_t index);

}  // namespace diglab
