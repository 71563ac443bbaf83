// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace diglab {
namespace {

bool is_flavour_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

std::string to_string(const KernelSource& source) {
  if (const auto* tree = std::get_if<TreeSource>(&source)) return "tree:" + tree->path.string();
  if (const auto* image = std::get_if<ImageSource>(&source)) return "image:" + image->path.string();
  return "debian";
}

Result<KernelChoice> parse_kernel_choice(std::string_view text, std::string_view flavour) {
  auto path_after = [&](std::string_view prefix) { return std::filesystem::path(text.substr(prefix.size())); };
  if (text == "debian") return KernelChoice{DebianSource{}, std::string(flavour)};
  for (std::string_view prefix : {"tree:", "image:"}) {
    if (!text.starts_with(prefix)) continue;
    std::filesystem::path path = path_after(prefix);
    if (path.empty()) return fail(ErrorKind::usage, fmt::format("--kernel {}: a path must follow the colon", text));
    if (prefix == "tree:") return KernelChoice{TreeSource{path}, std::string(flavour)};
    return KernelChoice{ImageSource{path}, std::string(flavour)};
  }
  if (!is_flavour_name(text))
    return fail(ErrorKind::usage, fmt::format("--kernel {}: expected debian, tree:PATH, image:PATH or the name of a flavour", text));
  return KernelChoice{DebianSource{}, std::string(text)};
}

}  // namespace diglab
