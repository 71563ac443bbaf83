// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace diglim {

/// A regular file that is open for reading. Under the kernel's rules for converters it was measured and appraised when it was opened,
/// and nobody can write to it until it is closed; without them, a change is at least noticed.
///
/// It is read, not mapped: a mapping would show changes while it is being parsed, and end the process when the file becomes shorter.
class ListFile {
 public:
  static constexpr std::size_t max_size = (std::size_t{64} << 20) - 1;  ///< Bytes; what the kernel takes as a buffer, too.

  /// Errors are in words.
  [[nodiscard]] static std::expected<ListFile, std::string> open(const std::string& path);

  ListFile(ListFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), status_(other.status_) {}
  ListFile& operator=(ListFile&&) = delete;
  ~ListFile();

  /// All of it. `buffer` is used again, and as large as the largest file read into it.
  [[nodiscard]] std::expected<void, std::string> read(std::vector<std::uint8_t>& buffer) const;

 private:
  ListFile(int fd, const struct stat& status) : fd_(fd), status_(status) {}

  int fd_;
  struct stat status_;  ///< When it was opened.
};

}  // namespace diglim
