// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tool/installed_lists.h"
#include "tool/result.h"
#include "tool/root.h"

namespace diglim::tool {

// What the kernel loaded from an initramfs outlives that. An initramfs from before an upgrade still has the old lists, and the root file
// system has nothing any more by which they could be deleted; but the old programs may be needed until the switch. So what is outdated
// is kept through the switch, in /run, and deleted after it.

/// Where `load --early` puts it in our dracut module and our hook of initramfs-tools.
inline constexpr const char* early_directory = "/run/diglim/early";

/// The lists of `early` whose content the kernel would not have from those of `root`, in the order of loading. Lists that cannot be read
/// are not in the kernel, and left out.
Result<std::vector<InstalledList>> outdated_lists(const Root& early, const Root& root, std::span<const std::string> directories);

/// Copies them below `place`, to the paths that they have, with the marks of their directories. So `place` is the `early` of outdated_lists.
Result<void> keep_lists(const std::vector<InstalledList>& lists, const std::filesystem::path& place);

}  // namespace diglim::tool
