// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "list_directory.h"
#include "packages.h"

namespace diglim {

/// The program that loads lists, which the kernel must know beforehand: by a compact list of type parser, or what it uploads has no
/// rights, and by one of type file, or it cannot be executed at the next boot.
struct KnownParser {
  std::string path;       ///< As packages name it.
  std::string lists;      ///< The directory in which packages bring compact lists, likewise.
  std::string interface;  ///< Of the kernel.
};

/// An error: the package brings another such program than the kernel would know. One that brings a list of type parser answers for itself; a
/// kernel that has no such list at all has nothing to lose.
[[nodiscard]] Outcome check_new_parser(const PackageList& package, const KnownParser& parser);

}  // namespace diglim
