// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "attest/ima_log.h"
#include "tool/boot_parameters.h"
#include "tool/context.h"
#include "tool/result.h"

namespace diglim::tool {

/// What the next boot of the root measures.
struct Predict {
  std::string command_line;  ///< Of that boot; empty: that of the running kernel.
  std::string bank;          ///< "sha256"; empty: all.
  bool entries = false;      ///< The log as well as the PCR.
};
Result<Report> predict(const Predict& wish, const Context& context);

/// The log of the PCR of ima_policy=diglim if nothing runs that is in no list, and everything that is loaded is loaded before init:
/// the lists in their order, and for those that the uploader converts the uploader (if no list holds it), its input and what it makes of
/// it. ErrorKind::bad_input for lists that cannot be read, and for parameters under which no boot can be foretold.
Result<diglab::ImaLog> predict_log(const BootParameters& boot, const Root& root);

}  // namespace diglim::tool
