// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "guest/protocol.h"

namespace diglab::agent {

/// What a process that the agent has made tells it, one message each, over a SOCK_SEQPACKET socket that closes on exec.
enum class Message : char {
  ready = 'Y',   ///< all is prepared: waiting to be released
  data = 'D',    ///< content for the host
  reply = 'R',   ///< the reply, as JSON
  failed = 'F',  ///< {"call","stage","errno","errno_name"}
  done = 'N',    ///< every call was performed
  digest = 'G',  ///< {"call","text"}
  value = 'V',   ///< {"call","text"}
  handle = 'H',  ///< a name, and the descriptor to keep under it
};

/// The process's end. Blocking: a slow host slows the process, not the agent.
class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {}

  [[nodiscard]] int fd() const { return fd_; }
  void send(Message message, std::string_view content = {}, int descriptor = -1) const;
  void send_json(Message message, const wire::Json& json) const { send(message, wire::to_payload(json)); }
  /// Content of any size.
  void send_data(std::string_view content) const;

 private:
  int fd_;
};

struct Received {
  Message message;
  std::string content;
  int descriptor = -1;  ///< Now the receiver's.
};
enum class ReceiveState { message, nothing_yet, closed };
/// The agent's end, which does not block.
ReceiveState receive(int fd, Received& into);

/// "EACCES", and a number that has no name as a number.
[[nodiscard]] std::string errno_name(int number);
[[nodiscard]] std::string signal_name(int number);
/// {"errno","errno_name","stage"}: of a reply, or of a failed call.
[[nodiscard]] wire::Json error_json(int number, std::string_view stage);

/// Descriptors kept under names by earlier actions.
using Handles = std::map<std::string, int>;

}  // namespace diglab::agent
