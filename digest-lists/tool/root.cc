// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <optional>

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// The kernel resolves `path` as if `root` were the root. Nothing: it is not there.
std::optional<fs::path> resolve(int root, const fs::path& path) {
  ::open_how how{.flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_IN_ROOT};
  const auto fd = static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
  if (fd < 0) return std::nullopt;
  std::error_code error;
  auto real = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  ::close(fd);
  if (error) return std::nullopt;
  return real;
}

constexpr int most_links = 40;  // as the kernel

}  // namespace

fs::path Root::operator()(const fs::path& path) const {
  if (is_running_system()) return path;
  const int fd = ::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  fs::path there = (fs::path("/") / path).lexically_normal(), rest;
  std::optional<fs::path> real;
  for (int links = 0; fd >= 0 && !(real = resolve(fd, there)) && there.has_relative_path();) {
    // A link to what is not there yet: that is where it will be.
    std::error_code no_link;
    const auto parent = resolve(fd, there.parent_path());
    const auto target = parent ? fs::read_symlink(*parent / there.filename(), no_link) : fs::path();
    if (!no_link && !target.empty() && ++links < most_links) {
      there = (inside(*parent) / target).lexically_normal();
      continue;
    }
    rest = rest.empty() ? there.filename() : there.filename() / rest;
    there = there.parent_path();
  }
  if (fd >= 0) ::close(fd);
  if (!real) return directory_ / path.relative_path();
  return rest.empty() ? *real : *real / rest;
}

std::string Root::inside(const fs::path& path) const {
  if (is_running_system()) return path.string();
  std::error_code ignored;
  const auto below = path.lexically_relative(fs::canonical(directory_, ignored));
  if (below.empty() || *below.begin() == "..") return path.string();
  return below == "." ? "/" : "/" + below.string();
}

}  // namespace diglim::tool
