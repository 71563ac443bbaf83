// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "guest/client.h"
#include "guest/protocol.h"

namespace diglab {

/// The epoch rule of guest/protocol.h on the host's side: sends requests, and gives each one only what belongs to it.
class AgentClient::Connection {
 public:
  explicit Connection(ByteStream& stream);
  ~Connection();

  /// What becomes of outstanding requests when a new epoch begins.
  enum class Outstanding { keep, diverge };
  Result<AgentInfo> hello(Outstanding outstanding, const Deadline& deadline);
  /// Until the next hello nothing is outstanding, and whatever comes is somebody else's.
  void end_epoch();

  using OnData = std::function<void(std::uint16_t stream, std::string_view bytes)>;
  /// Sends, then waits for the reply, handing over data as it comes. `what` names the request in errors.
  Result<wire::Json> request(wire::Json body, std::string_view content, const std::string& what, const Deadline& deadline,
                             const OnData& on_data);

  [[nodiscard]] Statistics statistics() const;

 private:
  struct Pending {
    std::deque<std::pair<std::uint16_t, std::string>> data;
    std::uint64_t received = 0;
    std::optional<wire::Json> reply;
    std::optional<Error> error;
  };

  void read_until_stopped(const std::stop_token& stop);
  bool still_writable();
  void receive(wire::Frame frame);
  void fail_outstanding(const Error& error);  // mutex_ is held
  void diverge();                             // mutex_ is held
  Result<void> send(const wire::Frame& frame, const Deadline& deadline);
  Result<void> write(const wire::Frame& frame, const Deadline& deadline);  // write_mutex_ is held
  [[nodiscard]] std::string evidence() const;
  /// Until `ready()` or the deadline: what cut the wait short, if something did.
  template <typename Ready>
  std::optional<ErrorKind> wait(std::unique_lock<std::mutex>& lock, const Deadline& deadline, Ready ready);

  ByteStream& stream_;
  std::mutex hello_mutex_;  // one hello at a time; taken before the others
  std::mutex write_mutex_;  // frames go out whole
  mutable std::mutex mutex_;  // everything below
  std::condition_variable_any changed_;
  std::uint32_t epoch_;          // of what is sent
  std::uint32_t older_epoch_ = 0;  // also believed while a kept request may still be answered in it
  bool agreed_ = false;          // the agent has answered the hello of epoch_
  bool ever_agreed_ = false;
  bool restarted_ = false;       // another agent has announced itself since then, which knows no epoch: only a hello helps
  bool closed_ = false;          // its port was reported closed, and nothing has come since
  bool announced_ = false;  // the agent has started since hello was last sent
  std::optional<AgentInfo> info_;
  std::optional<Error> lost_;
  std::uint32_t next_request_ = 1;
  std::map<std::uint32_t, std::shared_ptr<Pending>> outstanding_;
  wire::FrameDecoder decoder_;
  Statistics statistics_;
  std::jthread reader_;  // last: started when all else is there, stopped first
};

}  // namespace diglab
