// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/pcr.h"

namespace diglab {

/// What `diglab attest` is given: a log, a quote or both, or evidence. Empty paths were not; what belongs to one that was not is never looked at, and
/// the command lets nobody give it.
struct AttestFiles {
  std::filesystem::path log;
  std::filesystem::path ascii;
  std::filesystem::path pcrs;
  std::filesystem::path quote;
  std::filesystem::path signature;
  std::filesystem::path ak;
  std::string nonce;
  std::filesystem::path evidence;
  std::vector<std::filesystem::path> authorities;
  std::optional<std::uint32_t> pcr;   ///< Only this PCR is compared; otherwise all that the log has entries for.
  std::optional<HashAlgorithm> bank;  ///< Only this bank; otherwise all for which there are values.
};

/// What was found, and the PCR values that the log gives.
struct AttestReport {
  AttestationVerdict verdict;
  PcrBanks replayed;
};

/// Reads the files and checks all that they allow, each as one link. An Error is about the files, never about what they
/// prove: ErrorKind::usage and ::bad_input, for what the user gave.
Result<AttestReport> check_attest_files(const AttestFiles& files);

/// Makes a challenge for the keys in an evidence directory: challenge.json for the verifier to keep, challenge.blob for
/// the machine to open with `diglab-quote activate`.
Result<void> write_challenge(const std::filesystem::path& evidence);

}  // namespace diglab
