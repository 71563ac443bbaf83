// SPDX-License-Identifier: GPL-2.0-or-later
//
// RPM lists, with or without a signature: what they become is a valid list that is no larger than they are.
#include <cstdlib>

#include "format/rpm_list.h"
#include "format/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace diglim;
  const auto parts = split_signature({data, size});
  if (!parts) return 0;
  const auto header = RpmHeader::read(parts->content);
  if (!header) return header.error().offset > size ? std::abort(), 0 : 0;
  std::vector<std::uint8_t> list;
  const auto done = convert(*header, {}, list);
  if (!done) return done.error().offset > size ? std::abort(), 0 : 0;
  if (list.capacity() > size || !decode(text_of(list))) std::abort();
  return 0;
}
