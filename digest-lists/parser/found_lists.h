// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/log.h"

namespace diglim {

/// The vendor's and the administrator's, as the kernel has them: of two lists of one name the one in the later directory counts.
inline constexpr std::string_view standard_directories[] = {"/usr/lib/diglim", "/etc/diglim"};

/// A list to convert.
struct FoundList {
  std::string directory;
  std::string name;

  [[nodiscard]] std::string path() const { return directory + "/" + name; }
};

struct Finding {
  std::vector<FoundList> lists;  ///< In the order in which the kernel would load them.
  unsigned refused = 0;          ///< Said to the log: paths that cannot be read, formats that nobody knows.
};

/// The lists of RPM headers at `paths`: of each directory those that are in it, not below it; of files, themselves. Compact lists
/// are the kernel's business.
///
/// A list of a directory is left out if a later one has a file of that name, even if that is empty or a link to /dev/null, which
/// masks it. Later are, for /usr/lib/diglim, /etc/diglim, even when only the former is asked for (which is how the kernel does it);
/// otherwise, what stands later in `paths`. `standard` is for tests.
[[nodiscard]] Finding find_lists(std::span<const std::string> paths, Log& log, std::span<const std::string_view> standard = standard_directories);

}  // namespace diglim
