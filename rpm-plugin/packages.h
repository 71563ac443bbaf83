// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <rpm/rpmtypes.h>
#include <rpm/rpmts.h>

#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace diglim {

/// The digest list of a package: its header as it was signed, and the signature.
struct PackageList {
  std::string name;  ///< Of the list's file, and the kernel's label.
  std::string content;
};

/// Nothing for a public key, which rpm keeps as if it were a package. Errors are in words.
[[nodiscard]] std::expected<std::optional<PackageList>, std::string> list_of(Header header);

/// The name of the list of a package that is to be installed or removed.
[[nodiscard]] std::string list_name(rpmte element);

/// One change that a transaction is about to make.
struct Change {
  enum Kind { added, removed };
  Kind kind;
  std::string list;           ///< The name of the package's list.
  unsigned database_row = 0;  ///< Of a removed package.
  std::string nevra = {};     ///< Of an added package.
};

/// Reads the packages that the transaction adds, as librpm does itself when it verifies them, and hands their lists to `take`;
/// returns all changes.
[[nodiscard]] std::expected<std::vector<Change>, std::string> read_changes(
    rpmts transaction, const std::function<std::expected<void, std::string>(const PackageList&)>& take);

/// An added list whose name another package's list has, which is added, too, or is installed and neither removed nor replaced. Nothing: there
/// is none.
[[nodiscard]] std::optional<std::string> find_name_twice(rpmts transaction, const std::vector<Change>& changes);

/// Of the lists of these names those whose packages are installed.
void for_each_installed_of(rpmts transaction, const std::set<std::string>& lists, const std::function<void(PackageList&&)>& take);

/// All installed packages; those of which no list can be made go to `complain`. An error: not all could be read; what was not taken may
/// be installed all the same.
[[nodiscard]] std::expected<void, std::string> for_each_installed(rpmts transaction, const std::function<void(PackageList&&)>& take,
                                                                  const std::function<void(const std::string&)>& complain);

}  // namespace diglim
