// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "format/algorithm.h"

namespace diglim {

/// Different digests of each type, as digests_count tells them.
using Counts = std::array<unsigned long, 4>;

/// The kernel's files, described in Documentation/security/diglim.rst of kernel-patches/. Every operation is one write call and
/// returns its errno; 0: done. Reading a file that must be there throws std::system_error when it is not.
class Interface {
 public:
  explicit Interface(std::string directory = "/sys/kernel/security/integrity/diglim") : directory_(std::move(directory)) {}

  [[nodiscard]] const std::string& directory() const { return directory_; }

  [[nodiscard]] int add(std::string_view list_or_path) const { return write("digest_list_add", list_or_path); }
  [[nodiscard]] int remove(std::string_view list_or_path) const { return write("digest_list_del", list_or_path); }
  [[nodiscard]] int label(std::string_view label) const { return write("digest_list_label", label); }
  [[nodiscard]] int write(const char* file, std::string_view bytes) const;

  /// One line for each place where the raw `digest` is.
  [[nodiscard]] std::string query(const Algorithm& algo, const std::string& digest) const;
  [[nodiscard]] Counts counts() const;
  /// The names of the lists that are loaded, sorted.
  [[nodiscard]] std::vector<std::string> entries() const;
  [[nodiscard]] std::string read(const std::string& file) const;

 private:
  std::string directory_;
};

/// The whole content of any file.
[[nodiscard]] std::string read_all(const std::string& path);

}  // namespace diglim
