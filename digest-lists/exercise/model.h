// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exercise/sha256.h"
#include "format/compact.h"
#include "interface/interface.h"

namespace diglim {

/// What the kernel's repository must show after a sequence of uploads, in the simplest way there is: a vector of lists.
class Model {
 public:
  /// `actions`: what each upload is given (1 where the policy measures uploads, otherwise 0).
  explicit Model(unsigned actions) : actions_(actions) {}

  /// errno values; 0: done. An empty label stands for "parser".
  int add(const std::string& list, std::string_view label);
  int remove(const std::string& list, std::string_view label);

  /// The text of digest_query for that digest.
  [[nodiscard]] std::string query(const Algorithm& algo, const std::string& digest) const;
  [[nodiscard]] Counts counts() const;
  /// The names in digest_lists_loaded of the binary files, sorted.
  [[nodiscard]] std::vector<std::string> entries() const;
  /// The content of the file NAME.ascii; empty if there is no such list.
  [[nodiscard]] std::string ascii(const std::string& name) const;

  struct Loaded {
    std::string bytes;
    std::string digest;  ///< SHA-256
    std::string label;
    std::vector<Block> blocks;
    [[nodiscard]] std::string name() const { return "sha256-" + to_hex(digest) + "-" + label; }
  };
  [[nodiscard]] const std::vector<Loaded>& lists() const { return lists_; }

 private:
  [[nodiscard]] std::vector<Loaded>::iterator find(const std::string& list);

  unsigned actions_;
  std::vector<Loaded> lists_;  ///< In the order of their additions.
};

}  // namespace diglim
