// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "attest/ima_log.h"
#include "attest/pcr.h"

namespace diglab {

/// A file that is going to be measured.
struct FileToMeasure {
  std::string path;
  std::string algorithm;  ///< "sha256": the kernel's default for the digests of files.
  Bytes digest;           ///< Of the whole file, an appended signature included.
};

/// The list that measuring `files`, in that order, makes in the template ima-ng.
[[nodiscard]] ImaLog predict_log(std::span<const FileToMeasure> files, std::uint32_t pcr);

/// The value of that PCR in each bank, if nothing but `log` extends it after a reset.
[[nodiscard]] PcrBanks predict_pcrs(const ImaLog& log, std::uint32_t pcr);

}  // namespace diglab
