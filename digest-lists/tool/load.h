// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tool/boot_parameters.h"
#include "tool/context.h"
#include "tool/result.h"

namespace diglim::tool {

/// Brings lists into the kernel, or takes them out.
struct Load {
  std::vector<std::filesystem::path> lists = {};                       ///< Files; none: those that are installed, in their order.
  std::filesystem::path parser = "/usr/libexec/diglim/diglim-parser";  ///< Of lists that are not in the kernel's own format.
  bool unload = false;
  /// Empty, or where lists of an initramfs are that the system has not: `load` puts them there, for after the switch to the context's
  /// root; `unload` without lists takes these out of the kernel, and removes the directory.
  std::filesystem::path early = {};
  Root initramfs = Root();  ///< What `load` looks at for `early`.
};
/// Every list is tried. That a list is there already, or is not there any more, is success.
Result<Report> load(const Load& wish, const Context& context);

/// Compares what is loaded with what is installed, and that with the packages.
Result<Report> status(const Context& context);
/// The same of a system that was started with `boot`; `with_kernel`: it is the running kernel's.
Result<Report> status_of(const BootParameters& boot, bool with_kernel, const Context& context);

/// Whether files would run, and by which list.
struct Query {
  std::vector<std::string> what;  ///< Paths or digests.
  std::string algorithm = {};     ///< For digests of paths; empty: what IMA calculates here.
  bool installed = false;         ///< Ask the installed lists and not the kernel.
};
Result<Report> query(const Query& wish, const Context& context);

}  // namespace diglim::tool
