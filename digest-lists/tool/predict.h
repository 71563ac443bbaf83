// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "attest/ima_log.h"
#include "tool/boot_parameters.h"
#include "tool/context.h"
#include "tool/early_root.h"
#include "tool/label.h"
#include "tool/result.h"

namespace diglim::tool {

/// What the next boot of the root measures.
struct Predict {
  std::string command_line = {};  ///< Of that boot; empty: that of the running kernel.
  std::string bank = {};          ///< "sha256"; empty: all.
  bool entries = false;           ///< The log as well as the PCR.
  std::vector<std::filesystem::path> initramfs = {};  ///< That the boot begins in, in one or more files; none: the kernel mounts the root.
  std::string new_root = {};  ///< Where the root is when its lists are loaded; empty: what is known of the initramfs.
};
Result<Report> predict(const Predict& wish, const Context& context);

/// The log of the PCR of ima_policy=diglim if nothing runs that is in no list, and every list is loaded by the kernel before init;
/// after those of `early`, before that hands over to the root; or by the parser, if that is init. It has the lists in their order, and for
/// those that are converted the program that does it (if no list holds it), its input and what it makes of it. Signatures are taken for
/// good; those in extended attributes of the root's files are found by `read`.
///
/// ErrorKind::bad_input for lists that cannot be read, and for parameters and systems under which no boot can be foretold.
Result<diglab::ImaLog> predict_log(const BootParameters& boot, const Root& root, const std::optional<EarlyRoot>& early = std::nullopt,
                                   const ReadAttribute& read = read_attribute);

}  // namespace diglim::tool
