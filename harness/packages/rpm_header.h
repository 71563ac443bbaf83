// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <rpm/header.h>

#include "packages/package_set.h"

namespace diglab {

/// What `header` says. ErrorKind::bad_input for a header without a name or with file tags that contradict each other.
Result<Package> package_of(Header header);

}  // namespace diglab
