// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "format/algorithm.h"
#include "format/bytes.h"

namespace diglim {

/// Which lists the kernel has: the names in digest_lists_loaded, each `<algorithm>-<digest of the list>-<label>`.
class LoadedLists {
 public:
  /// Nothing: the interface is not there, or may not be looked at; then anything can be loaded.
  [[nodiscard]] static std::optional<LoadedLists> read(const std::string& interface);

  /// Whether this list is loaded under this label.
  [[nodiscard]] bool has(std::string_view label, ByteView list) const;
  /// Whether any list is loaded under this label.
  [[nodiscard]] bool has(std::string_view label) const { return lists_.contains(label); }

 private:
  struct Identity {
    const Algorithm* algorithm;
    std::string digest;  ///< Hexadecimal.
  };
  std::multimap<std::string, Identity, std::less<>> lists_;  ///< By labels.
};

}  // namespace diglim
