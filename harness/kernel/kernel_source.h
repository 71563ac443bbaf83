// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace diglab {

/// Where a kernel comes from.
struct DebianSource {  ///< The distribution's linux-source package on this host.
  bool operator==(const DebianSource&) const = default;
};
struct TreeSource {  ///< A source tree of the user's, with or without git, taken as it is now.
  std::filesystem::path path;
  bool operator==(const TreeSource&) const = default;
};
struct ImageSource {  ///< A bzImage that somebody else built; nothing is known about its options.
  std::filesystem::path path;
  bool operator==(const ImageSource&) const = default;
};
using KernelSource = std::variant<DebianSource, TreeSource, ImageSource>;

[[nodiscard]] std::string to_string(const KernelSource& source);

/// A source and the flavour (kernel-patches/<version>/flavours/<name>.yaml) to make of it.
struct KernelChoice {
  KernelSource source;
  std::string flavour;
};

/// Reads the value of --kernel: "debian", "tree:PATH", "image:PATH" (with `flavour` kept), or the name of a flavour,
/// which is then made of Debian's source. ErrorKind::usage says what would have been right.
Result<KernelChoice> parse_kernel_choice(std::string_view text, std::string_view flavour = "stock");

}  // namespace diglab
