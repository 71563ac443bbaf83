// SPDX-License-Identifier: GPL-2.0-or-later
#include "interface/interface.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "format/bytes.h"

namespace diglim {
namespace {

[[noreturn]] void give_up(const std::string& path) { throw std::system_error(errno, std::generic_category(), path); }

}  // namespace

std::string read_all(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up(path);
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0) {
      ::close(fd);
      give_up(path);
    }
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  return text;
}

int Interface::write(const char* file, std::string_view bytes) const {
  const int fd = ::open((directory_ + "/" + file).c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const auto count = ::write(fd, bytes.data(), bytes.size());
  const int error = count < 0 ? errno : static_cast<std::size_t>(count) == bytes.size() ? 0 : EIO;
  ::close(fd);
  return error;
}

std::string Interface::query(const Algorithm& algo, const std::string& digest) const {
  if (const int error = write("digest_query", std::string(algo.name) + "-" + to_hex(digest)); error != 0) {
    errno = error;
    give_up("digest_query");
  }
  return read("digest_query");
}

Counts Interface::counts() const {
  Counts counts{};
  const auto text = read("digests_count");
  if (std::sscanf(text.c_str(), "Parser digests: %lu\nFile digests: %lu\nMetadata digests: %lu\nDigest list digests: %lu\n", &counts[0], &counts[1],
                  &counts[2], &counts[3]) != 4)
    throw std::runtime_error("digests_count says: " + text);
  return counts;
}

std::vector<std::string> Interface::entries() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/digest_lists_loaded")) {
    auto name = entry.path().filename().string();
    if (!name.ends_with(".ascii")) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::string Interface::read(const std::string& file) const { return read_all(directory_ + "/" + file); }

}  // namespace diglim
