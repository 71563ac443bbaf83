// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image_request.h"

#include <array>

namespace diglab {
namespace {

/// In the order of the enumeration.
constexpr std::array<std::string_view, 5> names = {"none", "pgp", "pkcs7", "unsigned", "rpm"};

}  // namespace

std::string_view to_string(DigestLists lists) { return names.at(static_cast<std::size_t>(lists)); }

std::optional<DigestLists> digest_lists_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<DigestLists>(i);
  }
  return std::nullopt;
}

}  // namespace diglab
