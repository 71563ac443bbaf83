// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/printable.h"

#include <fmt/format.h>

namespace diglab {

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown;
  for (char c : text) {
    if (shown.size() >= limit) return shown + "...";
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '\\')
      shown += fmt::format("\\x{:02x}", byte);
    else
      shown += c;
  }
  return shown;
}

}  // namespace diglab
