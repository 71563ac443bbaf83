// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "packages/package_set.h"

namespace diglab {

/// The digest lists in the kernel's own format that an installed system has, in the order in which the kernel loads them before init:
/// those in /usr/lib/diglim, and in /etc/diglim, where one replaces the vendor's of the same name, or masks it if it is empty.
[[nodiscard]] std::vector<const PackagedFile*> lists_in_loading_order(const PackageSet& installed);

}  // namespace diglab
