// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/tss.h"

#include <cstdlib>

namespace diglab {
namespace {

// tpm2-tss writes to standard error about every malformed byte; the Result says it once. Before main, since the
// environment cannot be changed safely once there are threads. A user's own TSS2_LOG stays.
[[maybe_unused]] const int quiet = setenv("TSS2_LOG", "all+NONE", 0);

}  // namespace

ByteView without_size(ByteView bytes) {
  if (bytes.size() < 2) return bytes;
  std::size_t size = static_cast<std::size_t>(bytes[0]) << 8 | bytes[1];
  return size == bytes.size() - 2 ? bytes.subspan(2) : bytes;
}

}  // namespace diglab
