// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <set>
#include <string>

namespace diglim {

/// Of a package that the database does not have: whether files of it are at their paths below `root` all the same, with digests that
/// nobody else brings. So it is between the moment at which rpm gives files their names, and that at which the package is in the
/// database: if all ends there, its C library may be the only one that there is, and must not be denied.
///
/// `only_immutable`: other files are in no list, and never known. `known` is asked only if it matters: the digests, raw, of all lists that stay.
[[nodiscard]] bool is_half_installed(const std::string& list_path, const std::string& root, bool only_immutable,
                                     const std::function<const std::set<std::string>&()>& known);

}  // namespace diglim
