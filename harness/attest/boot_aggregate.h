// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "attest/ima_log.h"
#include "attest/pcr.h"

namespace diglab {

/// What Linux puts into the first entry of its list: the hash over PCRs 0 to 9 of a bank, or 0 to 7 of the SHA-1 bank
/// (ima_calc_boot_aggregate in 6.12). ErrorKind::bad_input names the PCR that is missing.
Result<Bytes> boot_aggregate(const PcrBanks& pcrs, HashAlgorithm bank);

/// Whether a log's first entry agrees with PCR values.
struct BootAggregateVerdict {
  bool agrees = false;
  HashAlgorithm bank = HashAlgorithm::sha256;
  Bytes logged;
  Bytes computed;
  std::string detail;  ///< One line.
};

/// Compares a log's first entry with its recomputation. ErrorKind::bad_input when the log does not begin with a
/// boot_aggregate or a PCR is missing. Kernels before 5.8 covered PCRs 0 to 7 in every bank: also tried, and told.
Result<BootAggregateVerdict> check_boot_aggregate(const ImaLog& log, const PcrBanks& pcrs);

/// The same as a link of evidence: nothing where `pcrs` do not have what the entry covers. But where they have it for any bank, a log
/// that does not begin with a boot_aggregate that can be read does not agree. The name of an entry's template is not hashed: whoever
/// changes that of the first entry must not get rid of the comparison.
std::optional<BootAggregateVerdict> boot_aggregate_link(const ImaLog& log, const PcrBanks& pcrs);

}  // namespace diglab
