// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "tool/digest.h"

namespace diglim::tool {

/// What a file says of its own integrity, in extended attributes (security/integrity/integrity.h).
struct Label {
  diglab::Bytes ima;  ///< security.ima: a signature, or a hash. Empty: none.
  diglab::Bytes evm;  ///< security.evm.

  /// A signature of the content, or a hash of it under a portable signature. That is as good as an appended one.
  [[nodiscard]] bool is_signature() const;
  /// What IMA calculates the file's digest with: what the label was made with, or else `usual`. ErrorKind::bad_input for one that is
  /// unknown here.
  [[nodiscard]] Result<const Algorithm*> algorithm(const Algorithm& usual) const;
  /// The field `sig` of a log entry.
  [[nodiscard]] const diglab::Bytes& logged() const;
};

/// Finds an attribute of a file, by its path on this system; empty if it has none of that name.
using ReadAttribute = std::function<Result<diglab::Bytes>(const std::filesystem::path& file, const std::string& name)>;

/// As the file system has it.
Result<diglab::Bytes> read_attribute(const std::filesystem::path& file, const std::string& name);

Result<Label> read_label(const std::filesystem::path& file, const ReadAttribute& read);

}  // namespace diglim::tool
