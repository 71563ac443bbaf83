// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "tool/context.h"
#include "tool/result.h"

namespace diglim::tool {

/// Has the next boot of a system use digest lists, or no longer.
struct Setup {
  std::string mode = "log";        ///< "measure"; "log": what would be denied is logged; "enforce": it is denied.
  std::filesystem::path key = {};  ///< Of who signs the lists, a certificate or an OpenPGP key, to be where the kernel looks; empty: none.
  std::string uploader = "/usr/libexec/diglim/diglim-parser";  ///< Of lists that are not in the kernel's own format.
  bool dry_run = false;                                        ///< Only say what would be done.
  bool undo = false;
  bool force = false;  ///< Also if the system would not boot, as far as can be seen.
};
/// What was done is remembered in /var/lib/diglim/setup.json of the root; a second setup replaces the first.
Result<Report> setup(const Setup& wish, const Context& context);

}  // namespace diglim::tool
