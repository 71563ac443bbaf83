// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "judge/log_diff.h"

namespace diglab {

/// One expectation held against what one variant shows. An Error in its place means that the laboratory cannot tell.
struct Judged {
  bool met = false;
  std::string expected;
  std::string seen;
  std::string detail;
  std::vector<LogDiff> diffs;
};

}  // namespace diglab
