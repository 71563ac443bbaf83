// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string_view>

#include "image/image_request.h"
#include "image/keys.h"
#include "packages/package_set.h"

namespace diglab {

inline constexpr std::string_view list_package_name = "diglab-digest-lists";

/// Digest lists, one for each package of `installed`, laid out in the empty directory `tree` as
/// /usr/lib/diglim/0-file_list-<format>-<name-version-release.arch>: in the kernel's own format, compact, signed as `how` says, or
/// rpm. Packages that bring converters of lists have theirs always as compact, and a parser_list beside it.
Result<OwnPackage> list_package(const PackageSet& installed, DigestLists how, const LabKeys& keys, const std::filesystem::path& tree,
                                Processes& processes, const Deadline& deadline);

/// Whether a file of that package, by its path, is a list of `package`.
[[nodiscard]] bool is_list_of(std::string_view path, const Package& package);

}  // namespace diglab
