// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdint>
#include <cstdlib>

#include "guest/protocol.h"

/// Any bytes, in two pieces: no crash, nothing kept beyond bounds, and a frame after them is always found.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace diglab::wire;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FrameDecoder decoder;
  auto cut = size == 0 ? 0 : data[0] % size;
  decoder.feed(bytes.substr(0, cut));
  decoder.feed(bytes.substr(cut));
  while (auto frame = decoder.next()) {
    FrameDecoder again;
    again.feed(encode(*frame));
    if (again.next() != *frame) std::abort();
    if (auto json = parse_payload(frame->payload)) (void)to_payload(*json);
  }
  Frame marker{FrameType::hello, 0, 42, 7, "marker"};
  decoder.feed(encode(marker));
  std::optional<Frame> last;
  while (auto frame = decoder.next()) last = std::move(frame);
  if (last != marker) std::abort();
  if (auto json = parse_payload(bytes)) (void)texts_at(*json, "rules");
  if (from_json_text(to_json_text(bytes)) != bytes) std::abort();
  return 0;
}
