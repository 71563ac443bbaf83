// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exercise/model.h"

namespace diglim {

/// The kernel's files. Every operation is one write call and returns its errno; 0: done. Reading a file that must be there
/// throws std::system_error when it is not.
class Interface {
 public:
  explicit Interface(std::string directory = "/sys/kernel/security/integrity/diglim") : directory_(std::move(directory)) {}

  [[nodiscard]] int add(std::string_view list_or_path) const { return write("digest_list_add", list_or_path); }
  [[nodiscard]] int remove(std::string_view list_or_path) const { return write("digest_list_del", list_or_path); }
  [[nodiscard]] int label(std::string_view label) const { return write("digest_list_label", label); }
  [[nodiscard]] int write(const char* file, std::string_view bytes) const;

  [[nodiscard]] std::string query(const Algorithm& algo, const std::string& digest) const;
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] std::vector<std::string> entries() const;  ///< As Model::entries.
  [[nodiscard]] std::string read(const std::string& file) const;

 private:
  std::string directory_;
};

/// The whole content of any file.
[[nodiscard]] std::string read_all(const std::string& path);

}  // namespace diglim
