// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "guest/protocol.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using wire::Frame;
using wire::FrameType;

/// The agent's end of the stream, driven by the test.
class ScriptedAgent {
 public:
  explicit ScriptedAgent(ByteStream& stream) : stream_(stream) {}

  Frame next() {
    while (true) {
      if (auto frame = decoder_.next()) return *frame;
      std::uint8_t buffer[4096];
      auto count = stream_.read_some(buffer, Deadline::in(5s));
      if (!count || *count == 0) throw std::runtime_error("the client sent nothing");
      decoder_.feed(text_of(ByteView(buffer, *count)));
    }
  }
  void send_bytes(std::string_view bytes) { ASSERT_TRUE(stream_.write_all(view_of(bytes), Deadline::in(5s))); }
  void send(const Frame& frame) { send_bytes(wire::encode(frame)); }
  void announce(const std::string& instance = "one") { send({FrameType::announce, 0, 0, 0, about(instance)}); }
  void agree(const Frame& hello, const std::string& instance = "one") {
    send({FrameType::hello_reply, 0, hello.epoch, 0, about(instance)});
  }
  void reply(const Frame& request, const std::string& json) { send({FrameType::reply, 0, request.epoch, request.request, json}); }
  void data(const Frame& request, std::uint16_t stream, const std::string& bytes) {
    send({FrameType::data, stream, request.epoch, request.request, bytes});
  }

 private:
  static std::string about(const std::string& instance) { return R"({"protocol":1,"pid":1,"instance":")" + instance + R"("})"; }
  ByteStream& stream_;
  wire::FrameDecoder decoder_;
};

class AgentClientTest : public testing::Test {
 protected:
  std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> streams_ = make_stream_pair();
  ScriptedAgent agent_{*streams_.second};
  AgentClient client_{*streams_.first};

  void greet() {
    std::jthread side([&] { agent_.agree(agent_.next()); });
    ASSERT_TRUE(client_.hello(Deadline::in(5s)));
  }
  /// Runs the client's half in another thread while the test plays the agent.
  template <typename F>
  auto meanwhile(F&& client_half) {
    return std::async(std::launch::async, std::forward<F>(client_half));
  }
};

const std::string exited_zero = R"({"outcomes":[{"how":"exited","status":0}]})";

TEST_F(AgentClientTest, AnAgentThatNeverAnswersIsABootErrorThatSaysSo) {
  auto info = client_.hello(Deadline::in(30ms));
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().kind(), ErrorKind::boot);
  EXPECT_THAT(info.error().to_string(), HasSubstr("not one byte came from it"));
}

TEST_F(AgentClientTest, GarbageInsteadOfAnAnswerIsQuoted) {
  agent_.send_bytes("login: \nKernel panic - not syncing");
  auto info = client_.hello(Deadline::in(30ms));
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().kind(), ErrorKind::boot);
  EXPECT_THAT(info.error().to_string(), HasSubstr("34 bytes that belong to none"));
  EXPECT_THAT(info.error().to_string(), HasSubstr("login: .Kernel panic"));
}

TEST_F(AgentClientTest, HalfAFrameThenSilenceIsNotAnAnswer) {
  auto frame = wire::encode({FrameType::hello_reply, 0, 1, 0, "{}"});
  agent_.send_bytes(frame.substr(0, frame.size() / 2));
  auto info = client_.hello(Deadline::in(30ms));
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().kind(), ErrorKind::boot);
}

TEST_F(AgentClientTest, AnAgentThatStartsLateIsGreetedAgain) {
  auto info = meanwhile([&] { return client_.hello(Deadline::in(5s)); });
  (void)agent_.next();  // lost with the port of a system that was not yet up
  agent_.announce();
  agent_.agree(agent_.next());
  auto result = info.get();
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->instance, "one");
}

TEST_F(AgentClientTest, ARequestBeforeTheGreetingIsRefused) {
  auto outcome = client_.run(GuestCommand{{"/bin/true"}}, Deadline::in(1s));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::usage);
}

TEST_F(AgentClientTest, OutputIsHandedOverAndCollectedByStream) {
  greet();
  std::string seen;
  auto outcome = meanwhile([&] {
    return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(5s), [&](const AgentClient::Output& output) {
      seen += (output.is_stderr ? "E:" : "O:") + std::string(output.bytes);
    });
  });
  auto request = agent_.next();
  agent_.data(request, 0, "out");
  agent_.data(request, 1, "err");
  agent_.reply(request, R"({"outcomes":[{"how":"exited","status":3}]})");
  auto result = outcome.get();
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->ending, Ending(Exited{3}));
  EXPECT_EQ(result->out, "out");
  EXPECT_EQ(result->err, "err");
  EXPECT_EQ(seen, "O:outE:err");
  EXPECT_FALSE(result->ok());
}

TEST_F(AgentClientTest, AnswersMayComeInAnyOrder) {
  greet();
  auto first = meanwhile([&] { return client_.run(GuestCommand{{"/bin/one"}}, Deadline::in(5s)); });
  auto one = agent_.next();
  auto second = meanwhile([&] { return client_.run(GuestCommand{{"/bin/two"}}, Deadline::in(5s)); });
  auto two = agent_.next();
  agent_.data(two, 0, "second");
  agent_.reply(two, exited_zero);
  EXPECT_EQ(second.get()->out, "second");
  agent_.data(one, 0, "first");
  agent_.reply(one, exited_zero);
  EXPECT_EQ(first.get()->out, "first");
}

TEST_F(AgentClientTest, AnOutcomeThatMakesNoSenseIsNeverASuccess) {
  greet();
  for (const char* reply : {"{}", "[]", "nonsense", R"({"outcomes":[]})", R"({"outcomes":[{}]})", R"({"outcomes":[{"how":"exited"}]})",
                            R"({"outcomes":[{"how":"killed","signal":0}]})", R"({"outcomes":[{"how":"failed","errno":0}]})",
                            R"({"outcomes":[{"how":"unknown"}]})", R"({"outcomes":[7]})", R"({"outcomes":{"how":"done"}})"}) {
    auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(5s)); });
    agent_.reply(agent_.next(), reply);
    auto result = outcome.get();
    ASSERT_FALSE(result) << reply;
    EXPECT_EQ(result.error().kind(), ErrorKind::guest_lost) << reply;
  }
}

TEST_F(AgentClientTest, SilenceAfterARequestIsATimeoutAndCancelsIt) {
  greet();
  auto outcome = client_.run(GuestCommand{{"/bin/sleepy"}}, Deadline::in(30ms));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::timeout);
  EXPECT_THAT(outcome.error().to_string(), HasSubstr("run /bin/sleepy"));
  auto request = agent_.next();
  auto cancel = agent_.next();
  EXPECT_EQ(cancel.type, FrameType::cancel);
  EXPECT_EQ(cancel.request, request.request);
}

TEST_F(AgentClientTest, AStopRequestEndsTheWait) {
  greet();
  std::stop_source stop;
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(60s, stop.get_token())); });
  (void)agent_.next();
  stop.request_stop();
  auto result = outcome.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::interrupted);
}

TEST_F(AgentClientTest, GarbageInPlaceOfAReplyIsGuestLostAtOnce) {
  greet();
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(60s)); });
  (void)agent_.next();
  agent_.send_bytes(std::string("\0garbage\0", 9));
  auto result = outcome.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::guest_lost);
  EXPECT_THAT(result.error().to_string(), HasSubstr("garbage"));
}

TEST_F(AgentClientTest, AClosedPortIsGuestLostForEverybodyFromThenOn) {
  greet();
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(60s)); });
  (void)agent_.next();
  streams_.second->close();
  auto result = outcome.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::guest_lost);
  auto again = client_.read_file("/etc/passwd", Deadline::in(60s));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::guest_lost);
}

/// Reports the port closed once, when told to, as a machine's stream does after a restore.
class BlinkingStream final : public ByteStream {
 public:
  explicit BlinkingStream(ByteStream& inner) : inner_(inner) {}
  Result<std::size_t> read_some(std::span<std::uint8_t> buffer, const Deadline& deadline) override {
    auto count = inner_.read_some(buffer, deadline);
    if (count && text_of(ByteView(buffer.data(), *count)).find("BLINK") != std::string_view::npos) return std::size_t{0};
    return count;
  }
  Result<void> write_all(ByteView bytes, const Deadline& deadline) override { return inner_.write_all(bytes, deadline); }
  void close() override { inner_.close(); }

 private:
  ByteStream& inner_;
};

TEST(AgentClient, APortThatWasOnlyReportedClosedLosesNothing) {
  auto streams = make_stream_pair();
  BlinkingStream stream(*streams.first);
  ScriptedAgent agent(*streams.second);
  AgentClient client(stream);
  {
    std::jthread side([&] { agent.agree(agent.next()); });
    ASSERT_TRUE(client.hello(Deadline::in(5s)));
  }
  auto outcome = std::async(std::launch::async, [&] { return client.run(GuestCommand{{"/bin/x"}}, Deadline::in(5s)); });
  auto request = agent.next();
  agent.send_bytes("BLINK");
  auto probe = agent.next();
  EXPECT_EQ(probe.type, FrameType::hello);
  EXPECT_EQ(probe.epoch, request.epoch);
  agent.agree(probe);
  agent.reply(request, exited_zero);
  auto result = outcome.get();
  ASSERT_TRUE(result) << result.error().to_string();
}

TEST(AgentClient, APortThatStaysClosedIsGuestLostWhenTheDeadlinePasses) {
  auto streams = make_stream_pair();
  BlinkingStream stream(*streams.first);
  ScriptedAgent agent(*streams.second);
  AgentClient client(stream);
  {
    std::jthread side([&] { agent.agree(agent.next()); });
    ASSERT_TRUE(client.hello(Deadline::in(5s)));
  }
  auto outcome = std::async(std::launch::async, [&] { return client.run(GuestCommand{{"/bin/x"}}, Deadline::in(300ms)); });
  (void)agent.next();
  agent.send_bytes("BLINK");
  auto result = outcome.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::guest_lost) << result.error().to_string();
}

TEST_F(AgentClientTest, AnAgentThatStartsAnewLosesItsRequests) {
  greet();
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(60s)); });
  (void)agent_.next();
  agent_.announce("two");
  auto result = outcome.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::guest_lost);
  EXPECT_THAT(result.error().to_string(), HasSubstr("started anew"));
}

TEST_F(AgentClientTest, AnAgentThatStartedAnewIsLostUntilItIsGreeted) {
  greet();
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(5s)); });
  (void)agent_.next();
  agent_.announce("two");
  ASSERT_FALSE(outcome.get());
  auto later = client_.read_file("/etc/passwd", Deadline::in(1s));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind(), ErrorKind::guest_lost) << later.error().to_string();

  greet();
  auto again = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(5s)); });
  agent_.reply(agent_.next(), exited_zero);
  EXPECT_TRUE(again.get());
}

TEST_F(AgentClientTest, ARestoreEndsWhatIsOutstandingAndNothingStaleIsBelieved) {
  greet();
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(60s)); });
  auto request = agent_.next();
  auto restored = meanwhile([&] { return client_.after_restore(Deadline::in(5s)); });
  auto hello = agent_.next();
  EXPECT_NE(hello.epoch, request.epoch);
  auto result = outcome.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::diverged);
  // What the old timeline and the snapshot's queues still held: whole frames, the tail of one, an old greeting.
  agent_.reply(request, exited_zero);
  agent_.agree(request);
  agent_.send_bytes(wire::encode({FrameType::reply, 0, request.epoch, request.request, exited_zero}).substr(10));
  agent_.agree(hello);
  ASSERT_TRUE(restored.get());
  EXPECT_EQ(client_.statistics().stale_frames, 2U);
  EXPECT_GT(client_.statistics().discarded_bytes, 0U);

  auto next = meanwhile([&] { return client_.run(GuestCommand{{"/bin/y"}}, Deadline::in(5s)); });
  auto fresh = agent_.next();
  agent_.data({FrameType::request, 0, request.epoch, fresh.request, ""}, 0, "stale");  // same number, old epoch
  agent_.data(fresh, 0, "fresh");
  agent_.reply(fresh, exited_zero);
  EXPECT_EQ(next.get()->out, "fresh");
}

// What the machine sends before the client has greeted again ends nobody's request with another error.
TEST_F(AgentClientTest, HalfAFrameIsExpectedFromTheBeginningOfARestoreOn) {
  greet();
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(60s)); });
  auto request = agent_.next();
  client_.before_restore();
  auto late = meanwhile([&] { return client_.run(GuestCommand{{"/bin/y"}}, Deadline::in(60s)); });
  (void)agent_.next();
  agent_.send_bytes(wire::encode({FrameType::reply, 0, request.epoch, request.request, exited_zero}).substr(10));
  while (client_.statistics().discarded_bytes == 0) std::this_thread::sleep_for(1ms);
  auto restored = meanwhile([&] { return client_.after_restore(Deadline::in(5s)); });
  agent_.agree(agent_.next());
  ASSERT_TRUE(restored.get());
  for (auto* one : {&outcome, &late}) {
    auto result = one->get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::diverged);
  }
}

TEST_F(AgentClientTest, ASaveKeepsWhatIsOutstandingInBothEpochs) {
  greet();
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{"/bin/x"}}, Deadline::in(5s)); });
  auto request = agent_.next();
  auto saved = meanwhile([&] { return client_.after_save(Deadline::in(5s)); });
  auto hello = agent_.next();
  EXPECT_TRUE(wire::parse_payload(hello.payload)->at("keep"));
  agent_.data(request, 0, "before ");
  agent_.agree(hello);
  ASSERT_TRUE(saved.get());
  request.epoch = hello.epoch;
  agent_.data(request, 0, "after");
  agent_.reply(request, exited_zero);
  EXPECT_EQ(outcome.get()->out, "before after");
}

TEST_F(AgentClientTest, AnyByteTravelsInPathsAndArguments) {
  greet();
  std::string odd("/tmp/\xff\x80\x01;TID\"\\", 14);
  auto outcome = meanwhile([&] { return client_.run(GuestCommand{{odd, "a\xc3\xa9"}}, Deadline::in(5s)); });
  auto request = agent_.next();
  auto json = *wire::parse_payload(request.payload);
  auto exec = json["commands"][0]["calls"][1];
  EXPECT_EQ(wire::text_at(exec, "path"), odd);
  EXPECT_EQ(wire::texts_at(exec, "argv")[1], "a\xc3\xa9");
  agent_.reply(request, exited_zero);
  EXPECT_TRUE(outcome.get());
}

TEST_F(AgentClientTest, LargeContentIsSentInSeveralFrames) {
  greet();
  std::string content(200000, 'c');
  auto outcome = meanwhile([&] { return client_.write_file("/f", content, 0600, Deadline::in(5s)); });
  auto request = agent_.next();
  EXPECT_EQ(wire::parse_payload(request.payload)->at("content_size"), content.size());
  std::string received;
  while (received.size() < content.size()) {
    auto piece = agent_.next();
    EXPECT_LE(piece.payload.size(), wire::chunk_size);
    received += piece.payload;
  }
  EXPECT_EQ(received, content);
  agent_.reply(request, R"({"errno":0,"written":200000})");
  EXPECT_EQ(outcome.get()->written, 200000U);
}

TEST_F(AgentClientTest, AFileOfWhichAPieceIsMissingIsAnError) {
  greet();
  auto outcome = meanwhile([&] { return client_.read_file("/f", Deadline::in(5s)); });
  auto request = agent_.next();
  agent_.data(request, 0, "abc");
  agent_.reply(request, R"({"errno":0,"size":4})");
  auto result = outcome.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::guest_lost);
}

TEST_F(AgentClientTest, KernelLogRecordsAreTakenApart) {
  greet();
  auto outcome = meanwhile([&] { return client_.kernel_log(7, Deadline::in(5s)); });
  auto request = agent_.next();
  agent_.data(request, 0, "4,8,1234,-;audit: type=1800 x;y\n SUBSYSTEM=z" + std::string(1, '\0') + "14,9,99999,c,more;two" + std::string(1, '\0'));
  agent_.reply(request, R"({"errno":0,"next":10,"lost":true})");
  auto log = outcome.get();
  ASSERT_TRUE(log) << log.error().to_string();
  ASSERT_EQ(log->records.size(), 2U);
  EXPECT_EQ(log->records[0].text, "audit: type=1800 x;y");
  EXPECT_EQ(log->records[0].sequence, 8U);
  EXPECT_EQ(log->records[1].level, 6);
  EXPECT_EQ(log->records[1].microseconds, 99999U);
  EXPECT_EQ(log->next, 10U);
  EXPECT_TRUE(log->lost);
}

}  // namespace
}  // namespace diglab
