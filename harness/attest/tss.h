// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>
#include <tss2/tss2_common.h>

#include "base/bytes.h"

namespace diglab {

/// The structure inside a TPM2B: without its two bytes of size if those are exactly the size of the rest.
[[nodiscard]] ByteView without_size(ByteView bytes);

/// Unmarshals one structure with tpm2-tss, from the first byte to the last.
template <typename T, typename Unmarshal>
Result<void> unmarshal(Unmarshal function, ByteView bytes, T& into, std::string_view what) {
  std::size_t offset = 0;
  TSS2_RC code = function(bytes.data(), bytes.size(), &offset, &into);
  if (code != TSS2_RC_SUCCESS)
    return fail(ErrorKind::bad_input, fmt::format("{} of {} bytes: not well formed at offset {} (tpm2-tss error {:#x})",
                                                  what, bytes.size(), offset, code));
  if (offset != bytes.size())
    return fail(ErrorKind::bad_input,
                fmt::format("{}: {} bytes after its end at offset {}", what, bytes.size() - offset, offset));
  return {};
}

}  // namespace diglab
