// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/prediction.h"

#include "attest/log_builder.h"
#include "attest/replay.h"

namespace diglab {

ImaLog predict_log(std::span<const FileToMeasure> files, std::uint32_t pcr) {
  ImaLog log;
  for (const FileToMeasure& file : files) log.entries.push_back(make_ima_ng_entry(pcr, file.algorithm, file.digest, file.path));
  return log;
}

PcrBanks predict_pcrs(const ImaLog& log, std::uint32_t pcr) {
  PcrBanks banks;
  for (const HashAlgorithm bank : all_hash_algorithms) (void)banks.set(bank, pcr, replay(log, bank, pcr));
  return banks;
}

}  // namespace diglab
