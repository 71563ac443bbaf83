// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/executable.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace diglim::tool {

std::string kind_of_executable(const std::filesystem::path& file, const struct ::stat& status) {
  std::array<char, 4> start{};
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0) return {};
  const auto size = ::read(fd, start.data(), start.size());
  ::close(fd);
  const std::string_view magic(start.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const auto name = file.filename().string();
  for (const std::string_view end : {".ko", ".ko.gz", ".ko.xz", ".ko.zst"})
    if (name.ends_with(end)) return "module";
  if (magic.starts_with("#!")) return "script";
  const bool executable = (status.st_mode & 0111) != 0;
  if (magic == "\177ELF") return name.ends_with(".so") || name.contains(".so.") ? "library" : "program";
  return executable ? "program" : "";
}

}  // namespace diglim::tool
