// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compact lists: whatever is accepted is written again as it was, and what is refused is refused at a place in the list.
#include <cstdlib>

#include "format/compact.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace diglim;
  const ByteView bytes{data, size};
  const auto blocks = decode(text_of(bytes));
  if (blocks ? encode(*blocks) != text_of(bytes) : blocks.error().offset > size) std::abort();
  CompactReader reader(bytes, file);
  for (auto block = reader.next(); block && *block; block = reader.next())
    if ((*block)->digests.size() != (*block)->count * (*block)->algorithm->size) std::abort();
  return 0;
}
