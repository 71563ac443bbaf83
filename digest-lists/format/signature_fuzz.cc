// SPDX-License-Identifier: GPL-2.0-or-later
//
// Appended signatures, and OpenPGP packets: a file that comes apart can be put together again.
#include <cstdlib>

#include "format/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace diglim;
  const ByteView bytes{data, size};
  const auto parts = split_signature(bytes);
  if (!parts && parts.error().offset > size) std::abort();
  if (parts && parts->kind && append_signature(text_of(parts->content), text_of(parts->signature), *parts->kind) != text_of(bytes)) std::abort();
  for (const ByteView packet : {bytes, parts ? parts->signature : bytes}) {
    const auto signature = read_pgp_signature(packet);
    if (signature ? signature->to_string().empty() : signature.error().offset > packet.size()) std::abort();
  }
  return 0;
}
