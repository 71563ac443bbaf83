// SPDX-License-Identifier: GPL-2.0-or-later
// What a snapshot, or an enemy, may put on the agent's port: the agent must find its way back to the next hello.
#include <gtest/gtest.h>

#include <random>

#include "agent/running_agent_test.h"
#include "guest/protocol.h"

namespace diglab::agent {
namespace {

using namespace std::chrono_literals;
using wire::Frame;
using wire::FrameType;

class HostileBytesTest : public testing::Test {
 protected:
  void send(std::string_view bytes) { ASSERT_TRUE(agent_.stream().write_all(view_of(bytes), Deadline::in(5s))); }
  /// The next frame that is not an announcement.
  std::optional<Frame> next(std::chrono::milliseconds patience = 20s) {
    while (true) {
      while (auto frame = decoder_.next())
        if (frame->type != FrameType::announce) return frame;
      std::uint8_t buffer[65536];
      auto count = agent_.stream().read_some(buffer, Deadline::in(patience));
      if (!count || *count == 0) return std::nullopt;
      decoder_.feed(text_of(ByteView(buffer, *count)));
    }
  }
  static std::string hello(std::uint32_t epoch) { return wire::encode({FrameType::hello, 0, epoch, 0, R"({"keep":false})"}); }
  static std::string request(std::uint32_t epoch, std::uint32_t id, const std::string& json) {
    return wire::encode({FrameType::request, 0, epoch, id, json});
  }
  /// The agent answers a new epoch, and a request in it, and nothing else comes in between.
  void expect_alive(std::uint32_t epoch) {
    send(hello(epoch) + request(epoch, 5, R"({"do":"release","handle":"none"})"));
    std::optional<Frame> frame = next();
    while (frame && frame->epoch != epoch) frame = next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->type, FrameType::hello_reply);
    frame = next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->type, FrameType::reply);
    EXPECT_EQ(frame->epoch, epoch);
    EXPECT_EQ(frame->request, 5U);
  }

  RunningAgent agent_;
  wire::FrameDecoder decoder_;
};

TEST_F(HostileBytesTest, ARequestCutAtAnyByteIsFollowedByAGreetingThatCounts) {
  auto cut_one = request(1, 9, R"({"do":"run","commands":[{"calls":[{"call":"exec","path":"/bin/true"}]}]})");
  std::uint32_t epoch = 100;
  for (std::size_t cut = 0; cut < cut_one.size(); ++cut) {
    send(cut_one.substr(0, cut));
    expect_alive(++epoch);
    send(cut_one.substr(cut));
    expect_alive(++epoch);
  }
  EXPECT_EQ(agent_.end(), 0);
}

TEST_F(HostileBytesTest, RequestsOfAnotherEpochAreNotPerformed) {
  const std::string stale = testing::TempDir() + "/stale-" + std::to_string(::getpid()), fresh = stale + "-not";
  const auto write = [](const std::string& path) { return R"({"do":"write","path":")" + path + R"(","content_size":1})"; };
  send(request(0, 1, write(stale)) + wire::encode({FrameType::data, 0, 0, 1, "x"}));  // before any greeting
  expect_alive(7);
  send(request(6, 2, write(stale)) + wire::encode({FrameType::data, 0, 6, 2, "x"}));
  send(request(8, 3, write(stale)) + wire::encode({FrameType::data, 0, 8, 3, "x"}));
  // Begun in one epoch, content of another: dropped too.
  send(request(7, 4, write(stale)) + wire::encode({FrameType::data, 0, 6, 4, "x"}));
  // The same of this epoch, which comes last, is performed, and the only one that is answered.
  send(request(7, 6, write(fresh)) + wire::encode({FrameType::data, 0, 7, 6, "x"}));
  const auto reply = next();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->request, 6U);
  EXPECT_EQ(wire::number_at(*wire::parse_payload(reply->payload), "written"), 1);
  EXPECT_EQ(::unlink(fresh.c_str()), 0);
  EXPECT_NE(::access(stale.c_str(), F_OK), 0);
  expect_alive(9);
  EXPECT_NE(::access(stale.c_str(), F_OK), 0);
}

TEST_F(HostileBytesTest, AGreetingOfTheSameEpochChangesNothing) {
  send(hello(3) + request(3, 1, R"({"do":"write","path":"/dev/null","whole":true,"content_size":2})") + hello(3));
  send(wire::encode({FrameType::data, 0, 3, 1, "xy"}));
  ASSERT_TRUE(next());
  ASSERT_TRUE(next());
  auto reply = next();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->type, FrameType::reply);
  EXPECT_EQ(wire::number_at(*wire::parse_payload(reply->payload), "written"), 2);
}

TEST_F(HostileBytesTest, GarbageHugeLengthsAndNonsenseRequestsDoNotEndTheAgent) {
  std::mt19937 random(7);
  std::string garbage(3 << 20, '\0');
  std::ranges::generate(garbage, [&] { return static_cast<char>(random()); });
  send(garbage);
  expect_alive(20);
  send(std::string(3 << 20, 'x'));  // a frame that never ends
  expect_alive(21);
  for (const char* json :
       {"", "[]", "7", "{\"do\":7}", "{}", R"({"do":"run"})", R"({"do":"run","commands":[]})", R"({"do":"run","commands":[7]})",
        R"({"do":"run","commands":[{"calls":[{"call":"no such call"}]}]})", R"({"do":"run","commands":[{"calls":[{"call":"exec"}]}]})",
        R"({"do":"run","commands":[{"calls":{}}]})", R"({"do":"write","content_size":-1})", R"({"do":"write","content_size":99999999999999})",
        R"({"do":"kernel_log","since":-5})", R"({"do":"tree"})", R"({"do":"read","path":7})", R"({"do":"policy_load","rules":[1,2]})"}) {
    static std::uint32_t id = 1000;
    send(request(21, ++id, json));
    std::optional<Frame> frame = next();
    while (frame && frame->type == FrameType::data) frame = next();
    ASSERT_TRUE(frame) << json;
    EXPECT_EQ(frame->type, FrameType::reply) << json;
    EXPECT_EQ(frame->request, id) << json;
  }
  send(request(21, 5000, std::string(500000, '[')));
  auto deep = next();
  ASSERT_TRUE(deep);
  EXPECT_EQ(wire::text_at(*wire::parse_payload(deep->payload), "errno_name"), "EBADMSG");
  expect_alive(22);
  EXPECT_EQ(agent_.end(), 0);
}

}  // namespace
}  // namespace diglab::agent
