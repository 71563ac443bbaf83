// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/elf_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "image/elf_needs.h"

namespace diglab {

namespace fs = std::filesystem;

bool exists_in(const fs::path& root, const fs::path& path) {
  fs::path rest = path.relative_path();
  fs::path done;
  for (int links = 0; !rest.empty();) {
    const auto part = *rest.begin();
    fs::path after;
    for (auto it = std::next(rest.begin()); it != rest.end(); ++it) after /= *it;
    rest = after;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      done = done.parent_path();
      continue;
    }
    std::error_code error;
    const auto status = fs::symlink_status(root / done / part, error);
    if (!fs::exists(status)) return false;
    if (fs::is_symlink(status)) {
      if (++links > 40) return false;
      const auto target = fs::read_symlink(root / done / part, error);
      if (target.is_absolute()) done.clear();
      rest = target.relative_path() / rest;
    } else {
      done /= part;
    }
  }
  return true;
}

Result<std::vector<std::string>> missing_libraries(const fs::path& root) {
  std::vector<std::string> missing;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error), end; !error && it != end; it.increment(error)) {
    if (it->is_symlink() || !it->is_regular_file()) continue;
    const auto inside = "/" + it->path().lexically_relative(root).string();
    // Modules of the kernel are ELF files without a dynamic section: nothing to look for.
    const auto needs = elf_needs_of_file(it->path());
    if (!needs.interpreter.empty() && !exists_in(root, needs.interpreter)) missing.push_back(fmt::format("{} needs {}", inside, needs.interpreter));
    const auto path = library_directories(needs, fs::path(inside).parent_path());
    for (const auto& library : needs.libraries) {
      // Extensions of Python that need each other are loaded by Python, one after the other.
      if (inside.starts_with("/usr/lib/python3/") && !library.starts_with("lib")) continue;
      const bool found = std::any_of(path.begin(), path.end(), [&](const auto& directory) { return exists_in(root, fs::path(directory) / library); });
      if (!found) missing.push_back(fmt::format("{} needs {}", inside, library));
    }
  }
  if (error) return fail(ErrorKind::infra, fmt::format("cannot walk {}: {}", root.string(), error.message()));
  std::sort(missing.begin(), missing.end());
  return missing;
}

}  // namespace diglab
