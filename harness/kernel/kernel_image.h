// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace diglab {

/// The release string inside a bzImage. ErrorKind::bad_input says why the bytes are none.
Result<std::string> release_of_bzimage(ByteView image);

/// The cache's id for a ready image: its content's. ErrorKind::bad_input if it cannot be read.
Result<std::string> kernel_image_id(const std::filesystem::path& image);

/// Makes a cache directory at `out` of a ready image; returns `out`. The user may replace the file while machines run:
/// what they boot is the copy.
Result<std::filesystem::path> import_kernel_image(const std::filesystem::path& image, const std::string& id, const std::filesystem::path& out);

}  // namespace diglab
