// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Framing between the harness and the guest agent. The C++ standard library and nothing else: the agent is static.
///
/// On the wire a frame is a zero byte, the frame's bytes with every zero stuffed away (consistent overhead byte
/// stuffing, at most one byte in 254), and a zero byte. Before stuffing, little endian:
///
///     u32 magic | u8 version | u8 type | u16 stream | u32 epoch | u32 request | u32 payload length | u32 CRC-32 | payload
///
/// The CRC covers everything but itself. No byte inside a frame is zero, so a zero always ends what came before, whatever
/// that was: half a frame, garbage, a length that lies. The frame after it is read whole. This is why a
/// receiver that was cut in the middle of a frame by a snapshot can never swallow the next one as payload,
/// which a length-prefixed frame with a resynchronisation by magic number would do.
namespace diglab::wire {

inline constexpr std::uint32_t magic = 0x4c474944;  // "DIGL"
inline constexpr std::uint8_t version = 1;
inline constexpr std::size_t header_size = 24;
inline constexpr std::size_t max_payload = std::size_t{1} << 20;
/// What larger content is cut into, so that other requests' frames get through in between.
inline constexpr std::size_t chunk_size = std::size_t{64} << 10;

enum class FrameType : std::uint8_t {
  announce = 1,     ///< agent: I have just started. Epoch 0.
  hello = 2,        ///< host: from here on this epoch counts.
  hello_reply = 3,  ///< agent: agreed, and who I am.
  request = 4,      ///< host
  data = 5,         ///< both: a piece of content; `stream` says of what
  reply = 6,        ///< agent: the last frame of every request
  cancel = 7,       ///< host: nobody waits for this request any more: kill what it runs
};

struct Frame {
  FrameType type = FrameType::announce;
  std::uint16_t stream = 0;
  std::uint32_t epoch = 0;
  std::uint32_t request = 0;
  std::string payload;

  bool operator==(const Frame&) const = default;
};

namespace detail {

consteval std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
    table[i] = crc;
  }
  return table;
}
inline constexpr auto crc_of_byte = crc_table();

/// CRC-32 (IEEE 802.3), continued from `crc`.
inline std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0) {
  crc = ~crc;
  for (char c : bytes) crc = crc_of_byte[(crc ^ static_cast<std::uint8_t>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

inline void put_le(std::string& to, std::uint32_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) to.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

inline std::uint32_t get_le(std::string_view from, std::size_t at, unsigned size) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < size; ++i) value |= std::uint32_t{static_cast<std::uint8_t>(from[at + i])} << (8 * i);
  return value;
}

/// Appends `bytes` without zeros: each block is its length plus one, then up to 254 non-zero bytes; a
/// block shorter than 254 stands for its bytes and the zero that followed them.
inline void stuff(std::string_view bytes, std::string& to) {
  std::size_t at = 0;
  while (true) {
    auto rest = bytes.substr(at, 254);
    auto run = std::min(rest.find('\0'), rest.size());
    to.push_back(static_cast<char>(run + 1));
    to.append(rest.substr(0, run));
    at += run;
    if (run == 254) {
      if (at == bytes.size()) return;
      continue;
    }
    if (at == bytes.size()) return;
    ++at;  // the zero that the short block stands for
  }
}

/// The inverse; nothing when `bytes` is not the output of stuff().
inline std::optional<std::string> unstuff(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::size_t code = static_cast<std::uint8_t>(bytes[at++]);
    if (code == 0 || bytes.size() - at < code - 1) return std::nullopt;
    out.append(bytes.substr(at, code - 1));
    at += code - 1;
    if (code != 255 && at < bytes.size()) out.push_back('\0');
  }
  return out;
}

}  // namespace detail

/// The frame as it goes over the wire. The payload must not exceed max_payload.
[[nodiscard]] inline std::string encode(const Frame& frame) {
  std::string raw;
  raw.reserve(header_size + frame.payload.size());
  detail::put_le(raw, magic, 4);
  detail::put_le(raw, version, 1);
  detail::put_le(raw, static_cast<std::uint8_t>(frame.type), 1);
  detail::put_le(raw, frame.stream, 2);
  detail::put_le(raw, frame.epoch, 4);
  detail::put_le(raw, frame.request, 4);
  detail::put_le(raw, static_cast<std::uint32_t>(frame.payload.size()), 4);
  detail::put_le(raw, detail::crc32(frame.payload, detail::crc32(raw)), 4);
  raw += frame.payload;
  std::string out;
  out.reserve(raw.size() + raw.size() / 254 + 4);
  out.push_back('\0');
  detail::stuff(raw, out);
  out.push_back('\0');
  return out;
}

/// What stood between two zero bytes, or nothing if it is not a frame of this version.
[[nodiscard]] inline std::optional<Frame> decode(std::string_view stuffed) {
  auto raw = detail::unstuff(stuffed);
  if (!raw || raw->size() < header_size || raw->size() > header_size + max_payload) return std::nullopt;
  if (detail::get_le(*raw, 0, 4) != magic || detail::get_le(*raw, 4, 1) != version) return std::nullopt;
  if (detail::get_le(*raw, 16, 4) != raw->size() - header_size) return std::nullopt;
  auto type = detail::get_le(*raw, 5, 1);
  if (type < static_cast<unsigned>(FrameType::announce) || type > static_cast<unsigned>(FrameType::cancel))
    return std::nullopt;
  Frame frame;
  frame.payload = raw->substr(header_size);
  auto crc = detail::crc32(frame.payload, detail::crc32(std::string_view(*raw).substr(0, 20)));
  if (detail::get_le(*raw, 20, 4) != crc) return std::nullopt;
  frame.type = static_cast<FrameType>(type);
  frame.stream = static_cast<std::uint16_t>(detail::get_le(*raw, 6, 2));
  frame.epoch = detail::get_le(*raw, 8, 4);
  frame.request = detail::get_le(*raw, 12, 4);
  return frame;
}

/// Turns a stream of bytes, arriving in any pieces, into frames. Holds at most one frame's bytes besides finished frames.
class FrameDecoder {
 public:
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      auto zero = bytes.find('\0');
      auto piece = bytes.substr(0, zero);
      if (partial_.size() + piece.size() > max_stuffed) {
        note_discarded(partial_);
        note_discarded(piece);
        partial_.clear();
        skipping_ = true;
      } else if (skipping_) {
        note_discarded(piece);
      } else {
        partial_ += piece;
      }
      if (zero == std::string_view::npos) return;
      bytes.remove_prefix(zero + 1);
      if (!skipping_ && !partial_.empty()) {
        if (auto frame = decode(partial_)) frames_.push_back(std::move(*frame));
        else note_discarded(partial_);
      }
      partial_.clear();
      skipping_ = false;
    }
  }

  [[nodiscard]] std::optional<Frame> next() {
    if (frames_.empty()) return std::nullopt;
    auto frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }

  /// Bytes that belonged to no frame so far, and the first few of them for an error message.
  [[nodiscard]] std::uint64_t discarded() const { return discarded_; }
  [[nodiscard]] const std::string& discarded_sample() const { return sample_; }
  /// Bytes held that may still become a frame.
  [[nodiscard]] const std::string& partial() const { return partial_; }

 private:
  static constexpr std::size_t max_stuffed = header_size + max_payload + (header_size + max_payload) / 254 + 2;

  void note_discarded(std::string_view bytes) {
    discarded_ += bytes.size();
    if (sample_.size() < 48) sample_ += bytes.substr(0, 48 - sample_.size());
  }

  std::string partial_;
  std::deque<Frame> frames_;
  std::uint64_t discarded_ = 0;
  std::string sample_;
  bool skipping_ = false;
};

}  // namespace diglab::wire
