// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/pcr.h"
#include "attest/replay.h"

namespace diglab {

/// Whether a log is the pre-image of all the PCR values that it should explain.
struct LogVerdict {
  bool ok = false;
  std::vector<ReplayVerdict> replays;  ///< One per bank and PCR compared.
  std::string one_line;                ///< "agree: ..." or "differ ...: ...".
};

/// Replays `log` into every bank of `pcrs` and every PCR that it has entries for. Not ok when there is nothing to
/// compare, when an entry is for a PCR that has no value in any bank (nobody would notice what it says), when any value
/// differs, or when two banks were reached after different entries.
/// With `only`, other PCRs and their entries are left aside.
[[nodiscard]] LogVerdict check_log(const ImaLog& log, const PcrBanks& pcrs, std::optional<std::uint32_t> only = {});

}  // namespace diglab
