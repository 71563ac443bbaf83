// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "judge/evidence_set.h"
#include "judge/judged.h"

namespace diglab {

/// Holds one check against the evidence of one variant that has `rounds` rounds.
Result<Judged> judge_check(const Check& check, int rounds, const VariantEvidence& evidence);

/// The same for the checks on attestation evidence: every set that was collected must show it.
Result<Judged> judge_attestation(const check::Attest& check, const VariantEvidence& evidence);

/// And for those that compare rounds.
Result<Judged> judge_pcr(const check::Pcr& check, const VariantEvidence& evidence);
Result<Judged> judge_log_set(const check::LogSet& check, const VariantEvidence& evidence);

/// And for a PCR that a step of the same round, or the image, foretold: the value where the round's last boot ended.
Result<Judged> judge_prediction(const check::Pcr& check, int rounds, const VariantEvidence& evidence);

/// The fact of a variant in which the prediction from its image stands, in hexadecimal.
[[nodiscard]] std::string predicted_fact(const check::Pcr& check);

/// And for what each round's lists and test results must be.
Result<Judged> judge_log_only(const check::LogOnly& check, int rounds, const VariantEvidence& evidence);
Result<Judged> judge_ktap(const check::Ktap& check, int rounds, const VariantEvidence& evidence);

}  // namespace diglab
