// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/flavour.h"
#include "os/process.h"

namespace diglab {

/// Applies the patches to `tree` in order, hunks being allowed to have moved. ErrorKind::bad_input for the first that does
/// not fit: its name, the file, the hunk and the line where it was expected. The tree is then of no further use.
Result<void> apply_patches(Processes& processes, const std::filesystem::path& tree, const std::vector<Patch>& patches,
                           const Deadline& deadline);

/// What patch(1) said, as one line: each file with the hunks that did not fit.
[[nodiscard]] std::string explain_patch_failure(std::string_view output);

}  // namespace diglab
