// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/compact.h"
#include "format/rpm_header.h"

namespace diglim {

/// Directories, wherever they are in a path, whose files are immutable even when they look like data: modules (but not what depmod
/// writes about them), firmware, libraries.
inline constexpr std::string_view immutable_directories[] = {"/lib/modules/", "/lib/firmware/", "/usr/libexec/sudo/", "/lib64/"};

/// How the files of a package become a list.
struct Conversion {
  Type type = file;
  /// Without the block of what may be modified.
  bool only_immutable = false;
  /// Besides immutable_directories; each begins and ends in a slash.
  std::span<const std::string> more_immutable_directories = {};
  /// Which files count; null: all of them.
  bool (*wanted)(const RpmFile&) = nullptr;
};

/// Whether a file is to be classed as immutable: programs, what nobody may write, and what is in those directories.
[[nodiscard]] bool is_immutable(const RpmFile& file, std::span<const std::string> more_directories = {});

/// The compact list of a package's files: a block of what may be modified and one of what is immutable, neither if it would be
/// empty, each with its digests sorted and without repetition. The same header gives the same list, which is what deletions need.
///
/// Writes to `list`, whose memory can be used again: half of what the digests take in the header, and two block headers.
[[nodiscard]] Result<void> convert(const RpmHeader& header, const Conversion& conversion, std::vector<std::uint8_t>& list);

/// `region` is the immutable region as librpm hands it out, `signature` RSAHEADER or its like: an RPM list as the kernel can
/// appraise it. Headers without a signature get no trailer.
[[nodiscard]] std::string make_rpm_list(std::string_view region, std::string_view signature);

}  // namespace diglim
