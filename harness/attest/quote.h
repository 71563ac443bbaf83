// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <set>
#include <string>

#include "attest/pcr.h"
#include "attest/tpm_public.h"

namespace diglab {

/// What a TPM said in a quote (TPMS_ATTEST of type TPM2_ST_ATTEST_QUOTE).
struct Quote {
  Bytes nonce;  ///< extraData
  Bytes signer_name;
  std::uint64_t clock = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool clock_safe = false;
  std::uint64_t firmware_version = 0;
  std::vector<std::pair<HashAlgorithm, std::set<std::uint32_t>>> selection;  ///< In the order that the digest was made.
  Bytes pcr_digest;
};

/// Parses the message as the TPM signed it (tpm2_quote -m), with or without the size that TPM2B_ATTEST puts before it.
/// ErrorKind::bad_input for bytes that are no quote, among them attestations of another kind and magic values that
/// the TPM would not have made itself, and selections in banks unknown to this program.
Result<Quote> parse_quote(ByteView message);

/// Whether `signature` (TPMT_SIGNATURE: RSASSA, RSAPSS or ECDSA; or the bare signature as `tpm2_quote -f plain` writes
/// it) over `message` was made by the private half of `key`. False for a wrong one, ErrorKind::bad_input for one
/// that cannot be read.
Result<bool> signature_is_valid(ByteView message, ByteView signature, const PublicKey& key);

/// The hash of the selected PCRs in the quote's order, with `digest` the hash of the signing scheme.
/// ErrorKind::bad_input names the PCR that is selected but has no value.
Result<Bytes> pcr_digest_of(const Quote& quote, const PcrBanks& pcrs, HashAlgorithm digest);

/// True when the values are those that were quoted.
Result<bool> quote_covers(const Quote& quote, const PcrBanks& pcrs);

/// Only those of `pcrs` that were quoted: nobody has signed the others. ErrorKind::bad_input when one is missing.
Result<PcrBanks> quoted_values(const Quote& quote, const PcrBanks& pcrs);

}  // namespace diglab
