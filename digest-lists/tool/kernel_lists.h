// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "format/compact.h"
#include "interface/interface.h"
#include "tool/digest.h"

namespace diglim::tool {

/// What IMA did with a list, as the kernel shows it.
struct Actions {
  unsigned mask = 0;
  [[nodiscard]] bool measured() const { return (mask & 1) != 0; }
  [[nodiscard]] bool appraised() const { return (mask & 2) != 0; }
  [[nodiscard]] bool signature_verified() const { return (mask & 4) != 0; }
  /// "measured, signature verified"
  [[nodiscard]] std::string to_string() const;
};

/// A list in the kernel.
struct LoadedList {
  std::string entry;  ///< In digest_lists_loaded: <algo>-<digest>-<label>
  Digest digest;
  std::string label;
};
/// Nothing for a name that is none of those.
[[nodiscard]] std::optional<LoadedList> parse_entry(std::string_view entry);

/// A place where the kernel has a digest.
struct Hit {
  LoadedList list;
  Actions actions;
  Type type = file;
  std::uint16_t modifiers = 0;
};
/// The text of digest_query; lines that are not understood are left out.
[[nodiscard]] std::vector<Hit> parse_hits(std::string_view text);

// The kernel's files with errors as results: ErrorKind::infra, which says so if the kernel has no such files at all.
Result<std::vector<LoadedList>> loaded_lists(const Interface& kernel);
Result<std::vector<Hit>> find(const Interface& kernel, const Digest& digest);
Result<Counts> counts(const Interface& kernel);
/// The list as it was uploaded.
Result<std::string> content_of(const Interface& kernel, const LoadedList& list);
Result<Actions> actions_of(const Interface& kernel, const LoadedList& list);

}  // namespace diglim::tool
