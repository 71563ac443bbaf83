// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "attest/evidence.h"
#include "attest/ima_log.h"
#include "attest/pcr.h"
#include "judge/stream.h"
#include "judge/verdict.h"

namespace diglab {

/// Logs, PCRs and quote that were taken at one moment: by a quote step, or at the end of a boot.
struct EvidenceSet {
  event::Where where;
  std::string label;                      ///< The quote step's id; empty for the end of a boot.
  std::optional<std::string> binary_log;  ///< Files, relative to the results directory.
  std::optional<std::string> ascii_log;
  std::optional<std::string> pcrs;
  std::optional<std::string> quote;  ///< A directory, which has logs and PCRs of its own under fixed names.

  /// "round 2, quote step 'before'".
  [[nodiscard]] std::string place() const;
  // What was quoted counts before what was read without a quote at almost the same moment.
  [[nodiscard]] std::string binary_log_file() const { return quote ? *quote + "/ima.bin" : binary_log.value_or(""); }
  [[nodiscard]] std::string ascii_log_file() const { return quote ? *quote + "/ima.txt" : ascii_log.value_or(""); }
  [[nodiscard]] std::string pcrs_file() const { return quote ? *quote + "/pcrs.txt" : pcrs.value_or(""); }
};

/// The evidence of one variant, read when asked for and with the scenario's deliberate corruption applied: what lies on
/// the disk stays what the machine said. Every error is about the laboratory: the evidence is missing or cannot be
/// read.
class VariantEvidence {
 public:
  VariantEvidence(const VariantRecord& variant, const EvidenceReader& read, const EvidenceTamper& tamper);

  [[nodiscard]] const VariantRecord& record() const { return variant_; }
  /// In time order; sets of quote steps and of boot ends.
  [[nodiscard]] const std::vector<EvidenceSet>& sets() const { return sets_; }
  /// The sets at which rounds are compared: those of quote steps if the scenario has any, otherwise each round's last.
  [[nodiscard]] std::vector<const EvidenceSet*> comparable() const;
  /// Files of a kind, in time order.
  [[nodiscard]] std::vector<const event::Evidence*> of_kind(std::string_view kind) const;

  Result<Bytes> binary_log(const EvidenceSet& set) const;
  Result<ImaLog> log(const EvidenceSet& set) const;
  Result<std::string> ascii_log(const EvidenceSet& set) const;
  Result<PcrBanks> pcrs(const EvidenceSet& set) const;
  Result<AttestationEvidence> attestation(const EvidenceSet& set) const;
  /// Certificates of those who vouch for the TPM: the file that the fact "tpm_ca" names.
  Result<std::vector<Bytes>> authorities() const;
  Result<std::string> text(const std::string& file) const;

 private:
  Result<Bytes> read(const std::string& file, std::string_view what) const;

  const VariantRecord& variant_;
  const EvidenceReader& read_;
  EvidenceTamper tamper_;
  std::vector<EvidenceSet> sets_;
};

}  // namespace diglab
