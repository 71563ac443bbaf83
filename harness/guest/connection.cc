// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/connection.h"

#include <fmt/format.h>

#include <random>

namespace diglab {
namespace {

using wire::Frame;
using wire::FrameType;
using wire::Json;

// A guest that never stops sending must not fill the host's memory.
constexpr std::uint64_t max_received = std::uint64_t{2} << 30;

AgentInfo info_of(const Json& json) {
  return {static_cast<int>(wire::number_at(json, "pid")), wire::text_at(json, "instance"), wire::text_at(json, "release"),
          wire::text_at(json, "machine"), static_cast<int>(wire::number_at(json, "cpus"))};
}

Error started_anew() { return {ErrorKind::guest_lost, "the guest agent was started anew"}; }

std::string printable(std::string_view bytes) {
  std::string text;
  for (char c : bytes) text.push_back(c >= ' ' && c <= '~' ? c : '.');
  return text;
}

}  // namespace

AgentClient::Connection::Connection(ByteStream& stream)
    : stream_(stream),
      // Random, because a stored snapshot may hold frames that an earlier harness process asked for.
      epoch_(std::random_device{}() & 0x7fffffffU),
      reader_([this](const std::stop_token& stop) { read_until_stopped(stop); }) {}

AgentClient::Connection::~Connection() {
  reader_.request_stop();
  reader_.join();
}

template <typename Ready>
std::optional<ErrorKind> AgentClient::Connection::wait(std::unique_lock<std::mutex>& lock, const Deadline& deadline, Ready ready) {
  if (changed_.wait_until(lock, deadline.stop, deadline.at, ready)) return std::nullopt;
  return deadline.stop.stop_requested() ? ErrorKind::interrupted : ErrorKind::timeout;
}

Result<AgentInfo> AgentClient::Connection::hello(Outstanding outstanding, const Deadline& deadline) {
  std::lock_guard one_at_a_time(hello_mutex_);
  Frame frame{.type = FrameType::hello, .stream = 0, .epoch = 0, .request = 0,
              .payload = wire::to_payload({{"keep", outstanding == Outstanding::keep}})};
  {
    std::lock_guard order(write_mutex_);  // no request may overtake the hello of its epoch
    {
      std::lock_guard lock(mutex_);
      if (lost_) return fail(*lost_);
      older_epoch_ = epoch_;
      if (outstanding == Outstanding::diverge) diverge();
      frame.epoch = ++epoch_;
      agreed_ = false;
      restarted_ = false;
      announced_ = false;
    }
    TRY_VOID(write(frame, deadline), "greeting the guest agent");
  }
  while (true) {
    std::unique_lock lock(mutex_);
    auto cut = wait(lock, deadline, [&] { return agreed_ || announced_ || lost_; });
    if (agreed_) {
      ever_agreed_ = true;
      older_epoch_ = 0;
      return *info_;
    }
    if (lost_) return fail(*lost_);
    if (cut == ErrorKind::interrupted) return fail(*cut, "interrupted while waiting for the guest agent");
    if (cut) {
      return fail(ever_agreed_ ? *cut : ErrorKind::boot,
                  fmt::format("the guest agent did not {} before the deadline: {}", ever_agreed_ ? "answer again" : "answer",
                              evidence()));
    }
    announced_ = false;
    lock.unlock();
    // It has started only now: what was sent before may have been lost with the port it was sent to.
    TRY_VOID(send(frame, deadline), "greeting the guest agent");
  }
}

void AgentClient::Connection::end_epoch() {
  std::lock_guard lock(mutex_);
  diverge();
  agreed_ = false;
  restarted_ = false;
}

void AgentClient::Connection::diverge() {
  fail_outstanding(Error(ErrorKind::diverged, "the machine was restored while the agent had not answered"));
  older_epoch_ = 0;
}

Result<Json> AgentClient::Connection::request(Json body, std::string_view content, const std::string& what,
                                              const Deadline& deadline, const OnData& on_data) {
  if (!content.empty()) body["content_size"] = content.size();
  Frame frame{.type = FrameType::request, .stream = 0, .epoch = 0, .request = 0, .payload = wire::to_payload(body)};
  if (frame.payload.size() > wire::max_payload)
    return fail(ErrorKind::usage, fmt::format("{}: a request of {} bytes is too large", what, frame.payload.size()));

  auto pending = std::make_shared<Pending>();
  {
    std::lock_guard order(write_mutex_);
    {
      std::lock_guard lock(mutex_);
      if (lost_) return fail(lost_->within(what));
      if (restarted_) return fail(started_anew().within(what));
      if (!ever_agreed_) return fail(ErrorKind::usage, what + ": the guest agent was not greeted");
      frame.epoch = epoch_;
      frame.request = next_request_++;
      outstanding_.emplace(frame.request, pending);
    }
    if (auto sent = write(frame, deadline); !sent) {
      std::lock_guard lock(mutex_);
      outstanding_.erase(frame.request);
      return fail(std::move(sent).error().within(what));
    }
  }
  struct Forget {  // also when a callback throws
    Connection& self;
    std::uint32_t id;
    ~Forget() {
      std::lock_guard lock(self.mutex_);
      self.outstanding_.erase(id);
    }
  } forget{*this, frame.request};

  for (; !content.empty(); content.remove_prefix(std::min(content.size(), wire::chunk_size))) {
    Frame piece{.type = FrameType::data, .stream = 0, .epoch = 0, .request = frame.request,
                .payload = std::string(content.substr(0, wire::chunk_size))};
    std::lock_guard order(write_mutex_);
    {
      std::lock_guard lock(mutex_);
      if (pending->error) break;
      piece.epoch = epoch_;  // of now: the request may have been carried over a save
    }
    TRY_VOID(write(piece, deadline), what);
  }

  while (true) {
    std::unique_lock lock(mutex_);
    auto cut = wait(lock, deadline, [&] { return !pending->data.empty() || pending->reply || pending->error; });
    while (!pending->data.empty()) {
      auto [stream, bytes] = std::move(pending->data.front());
      pending->data.pop_front();
      lock.unlock();
      if (on_data) on_data(stream, bytes);
      lock.lock();
    }
    if (pending->reply) return std::move(*pending->reply);
    if (pending->error) return fail(pending->error->within(what));
    if (cut) {
      auto text = evidence();
      bool closed = closed_;
      frame.epoch = epoch_;
      lock.unlock();
      (void)send({.type = FrameType::cancel, .stream = 0, .epoch = frame.epoch, .request = frame.request, .payload = {}},
                 Deadline::in(std::chrono::milliseconds(100)));
      if (*cut == ErrorKind::interrupted) return fail(*cut, what + ": interrupted");
      if (closed) return fail(ErrorKind::guest_lost, what + ": the guest agent closed its port and has not answered since");
      return fail(*cut, fmt::format("{}: the guest agent did not answer before the deadline: {}", what, text));
    }
  }
}

Result<void> AgentClient::Connection::send(const Frame& frame, const Deadline& deadline) {
  std::lock_guard order(write_mutex_);
  return write(frame, deadline);
}

Result<void> AgentClient::Connection::write(const Frame& frame, const Deadline& deadline) {
  auto sent = stream_.write_all(view_of(wire::encode(frame)), deadline);
  if (!sent) {
    std::lock_guard lock(mutex_);
    if (!lost_) lost_ = sent.error();
  }
  return sent;
}

void AgentClient::Connection::read_until_stopped(const std::stop_token& stop) {
  std::vector<std::uint8_t> buffer(std::size_t{256} << 10);
  int ends_in_a_row = 0;
  while (!stop.stop_requested()) {
    auto count = stream_.read_some(buffer, Deadline::never(stop));
    if (stop.stop_requested()) return;
    if (count && *count == 0 && ++ends_in_a_row < 100 && still_writable()) continue;
    std::lock_guard lock(mutex_);
    if (!count || *count == 0) {
      lost_ = count ? Error(ErrorKind::guest_lost, "the guest agent closed its port") : std::move(count).error();
      fail_outstanding(*lost_);
      return;
    }
    ends_in_a_row = 0;
    closed_ = false;
    auto discarded = decoder_.discarded();
    decoder_.feed(text_of(ByteView(buffer.data(), *count)));
    while (auto frame = decoder_.next()) receive(std::move(*frame));
    // Expected between a restore and the agent's answer; at any other time nobody can say which reply it was.
    if (agreed_ && decoder_.discarded() != discarded)
      fail_outstanding(Error(ErrorKind::guest_lost, "the guest agent's port delivered garbage: " + evidence()));
    changed_.notify_all();
  }
}

/// The port was closed, or only seemed so: restoring a snapshot resets the device, and the news of that may come long after the agent
/// has answered. A greeting that repeats the epoch changes nothing and makes a living agent answer. How long that takes nobody
/// knows, a restore can take its time: a request whose deadline passes first was lost with the agent.
bool AgentClient::Connection::still_writable() {
  std::lock_guard order(write_mutex_);
  Frame frame{.type = FrameType::hello, .stream = 0, .epoch = 0, .request = 0, .payload = R"({"keep":false})"};
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    if (!agreed_) return true;  // a greeting is on its way, or the next one will tell
    frame.epoch = epoch_;
  }
  return stream_.write_all(view_of(wire::encode(frame)), Deadline::in(std::chrono::seconds(10))).has_value();
}

void AgentClient::Connection::receive(Frame frame) {
  ++statistics_.frames;
  if (frame.type == FrameType::announce) {
    if (agreed_) {
      restarted_ = true;
      fail_outstanding(started_anew());
    }
    announced_ = true;
    return;
  }
  if (frame.epoch != epoch_ && (older_epoch_ == 0 || frame.epoch != older_epoch_)) {
    ++statistics_.stale_frames;
    return;
  }
  auto json = frame.type == FrameType::data ? std::nullopt : wire::parse_payload(frame.payload);
  if (frame.type == FrameType::hello_reply && frame.epoch == epoch_ && json && !agreed_) {
    auto info = info_of(*json);
    if (info_ && info_->instance != info.instance) fail_outstanding(started_anew());
    info_ = std::move(info);
    agreed_ = true;
    return;
  }
  auto found = outstanding_.find(frame.request);
  if (found == outstanding_.end()) return;
  auto& pending = *found->second;
  if (pending.reply || pending.error) return;
  if (frame.type == FrameType::data) {
    pending.received += frame.payload.size();
    if (pending.received > max_received) {
      pending.error = Error(ErrorKind::guest_lost, "the guest agent sends without end");
      pending.data.clear();
      return;
    }
    pending.data.emplace_back(frame.stream, std::move(frame.payload));
  } else if (frame.type == FrameType::reply) {
    if (json) pending.reply = std::move(*json);
    else pending.error = Error(ErrorKind::guest_lost, "the guest agent's reply is not JSON: " + printable(frame.payload.substr(0, 48)));
  }
}

void AgentClient::Connection::fail_outstanding(const Error& error) {
  for (auto& [id, pending] : outstanding_)
    if (!pending->reply && !pending->error) pending->error = error;
  changed_.notify_all();
}

std::string AgentClient::Connection::evidence() const {
  auto unframed = decoder_.discarded() + decoder_.partial().size();
  if (statistics_.frames == 0 && unframed == 0) return "not one byte came from it";
  if (unframed == 0) return fmt::format("{} frames came from it", statistics_.frames);
  auto sample = decoder_.discarded() != 0 ? decoder_.discarded_sample() : decoder_.partial().substr(0, 48);
  return fmt::format("{} frames and {} bytes that belong to none came from it, beginning \"{}\"", statistics_.frames, unframed,
                     printable(sample));
}

AgentClient::Statistics AgentClient::Connection::statistics() const {
  std::lock_guard lock(mutex_);
  auto statistics = statistics_;
  statistics.discarded_bytes = decoder_.discarded();
  return statistics;
}

}  // namespace diglab
