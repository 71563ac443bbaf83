// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace diglab::wire {
namespace {

Frame sample(std::string payload) { return {FrameType::data, 7, 0x01020304, 99, std::move(payload)}; }

std::vector<Frame> drain(FrameDecoder& decoder) {
  std::vector<Frame> frames;
  while (auto frame = decoder.next()) frames.push_back(std::move(*frame));
  return frames;
}

TEST(Frame, TheCrcIsTheUsualOne) { EXPECT_EQ(detail::crc32("123456789"), 0xcbf43926U); }

TEST(Frame, AnyPayloadComesBackAndHoldsNoZeroOnTheWire) {
  std::mt19937 random(1);
  for (const std::size_t size : {0U, 1U, 229U, 230U, 231U, 253U, 254U, 255U, 256U, 507U, 508U, 509U, 1000U, 70000U}) {
    for (int kind = 0; kind < 4; ++kind) {
      std::string payload(size, kind == 0 ? '\0' : 'x');
      if (kind == 2) std::ranges::generate(payload, [&] { return static_cast<char>(random()); });
      if (kind == 3 && size > 0) payload.back() = '\0';
      auto bytes = encode(sample(payload));
      EXPECT_EQ(std::ranges::count(bytes, '\0'), 2);
      FrameDecoder decoder;
      decoder.feed(bytes);
      EXPECT_EQ(drain(decoder), std::vector{sample(payload)}) << size << " bytes of kind " << kind;
      EXPECT_EQ(decoder.discarded(), 0U);
    }
  }
}

TEST(Frame, ArrivesInAnyPieces) {
  auto bytes = encode(sample("one")) + encode(sample(std::string("t\0wo", 4)));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameDecoder decoder;
    decoder.feed(std::string_view(bytes).substr(0, cut));
    decoder.feed(std::string_view(bytes).substr(cut));
    EXPECT_EQ(drain(decoder).size(), 2U) << "cut at " << cut;
  }
}

TEST(Frame, ACutFrameNeverTakesTheNextOneWithIt) {
  auto first = encode(sample(std::string(600, 'a')));
  auto second = encode(sample("hello"));
  for (std::size_t cut = 0; cut < first.size() - 1; ++cut) {
    FrameDecoder decoder;
    decoder.feed(first.substr(0, cut) + second);
    EXPECT_EQ(drain(decoder), std::vector{sample("hello")}) << "head of " << cut << " bytes";
    FrameDecoder tail;
    tail.feed(first.substr(cut + 1) + second);
    auto frames = drain(tail);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back(), sample("hello")) << "tail from " << cut + 1;
    EXPECT_EQ(frames.size(), cut == 0 ? 2U : 1U) << "only the leading zero may be missing";
  }
}

TEST(Frame, EveryChangedByteIsNoticed) {
  auto bytes = encode(sample("payload"));
  for (std::size_t at = 1; at + 1 < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      FrameDecoder decoder;
      decoder.feed(changed);
      EXPECT_TRUE(drain(decoder).empty()) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(Frame, EndlessGarbageIsDroppedWithoutBeingKept) {
  FrameDecoder decoder;
  std::string megabyte(std::size_t{1} << 20, 'g');
  for (int i = 0; i < 8; ++i) decoder.feed(megabyte);
  EXPECT_LE(decoder.partial().size(), max_payload * 2);
  EXPECT_EQ(decoder.discarded() + decoder.partial().size(), 8U << 20);
  decoder.feed(encode(sample("after")));
  EXPECT_EQ(drain(decoder), std::vector{sample("after")});
  EXPECT_EQ(decoder.discarded_sample().substr(0, 3), "ggg");
}

TEST(Frame, TheLargestPayloadFitsAndALargerOneDoesNot) {
  FrameDecoder decoder;
  decoder.feed(encode(sample(std::string(max_payload, 'm'))));
  EXPECT_EQ(drain(decoder).size(), 1U);
  decoder.feed(encode(sample(std::string(max_payload + 1, 'm'))));
  EXPECT_TRUE(drain(decoder).empty());
}

}  // namespace
}  // namespace diglab::wire
