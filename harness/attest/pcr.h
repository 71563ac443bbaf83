// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "attest/hash.h"

namespace diglab {

/// PCR values by bank and index.
class PcrBanks {
 public:
  /// Null when not known.
  [[nodiscard]] const Bytes* find(HashAlgorithm bank, std::uint32_t pcr) const;
  /// ErrorKind::bad_input if the value's size is not the bank's digest size, or the index is above 23.
  Result<void> set(HashAlgorithm bank, std::uint32_t pcr, Bytes value);
  [[nodiscard]] const std::map<HashAlgorithm, std::map<std::uint32_t, Bytes>>& banks() const { return banks_; }
  [[nodiscard]] bool empty() const { return banks_.empty(); }

  /// As `tpm2_pcrread` prints, which parse_pcrs reads back.
  [[nodiscard]] std::string to_string() const;

 private:
  std::map<HashAlgorithm, std::map<std::uint32_t, Bytes>> banks_;
};

/// Parses PCR values in any of these forms, recognised by their look. ErrorKind::bad_input with the line (JSON:
/// offset).
///
/// - the output of `tpm2_pcrread`: a line "sha256:", then lines "10 : 0xABCD..."; banks in one line each;
/// - lines "<path>/pcr-sha256/10:ABCD...", as `grep . /sys/class/tpm/tpm0/pcr-*/*` prints;
/// - lines "sha256 10 abcd..." or "sha256:10=abcd...";
/// - JSON: {"sha256": {"10": "abcd..."}}.
Result<PcrBanks> parse_pcrs(std::string_view text);

}  // namespace diglab
