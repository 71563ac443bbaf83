// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "packages/package_set.h"
#include "tool/root.h"

namespace diglim::tool {

/// What the RPM database of the system says, wherever its distribution keeps it. ErrorKind::bad_input if there is none.
diglab::Result<diglab::PackageSet> installed_packages(const Root& root);

}  // namespace diglim::tool
