// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace diglab::agent {

void Channel::send(Message message, std::string_view content, int descriptor) const {
  char kind = static_cast<char>(message);
  iovec parts[2] = {{&kind, 1}, {const_cast<char*>(content.data()), content.size()}};
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    auto* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
  }
  while (::sendmsg(fd_, &header, MSG_NOSIGNAL) < 0) {
    // The agent no longer wants to know: nobody is left to do this for.
    if (errno != EINTR) ::_exit(126);
  }
}

void Channel::send_data(std::string_view content) const {
  for (; !content.empty(); content.remove_prefix(std::min(content.size(), wire::chunk_size)))
    send(Message::data, content.substr(0, wire::chunk_size));
}

ReceiveState receive(int fd, Received& into) {
  static std::string buffer(wire::chunk_size * 2, '\0');
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  auto receive_once = [&] {
    header.msg_controllen = sizeof control;
    return ::recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  };
  auto count = receive_once();
  // Neither a reset nor an end is the last word at first. A process that ended without reading all that we sent resets the
  // connection, and the error is told once, before what it had sent. And Linux (unix_dgram_recvmsg) looks for a message
  // first and for the shutdown afterwards, without a lock around both: a message and the end that arrive between the two
  // are told as the end. Only an end that is told once more is one.
  if (count == 0 || (count < 0 && errno == ECONNRESET)) count = receive_once();
  if (count < 0) return errno == EAGAIN || errno == EINTR ? ReceiveState::nothing_yet : ReceiveState::closed;
  if (count == 0) return ReceiveState::closed;
  into.message = static_cast<Message>(buffer[0]);
  into.content.assign(buffer, 1, static_cast<std::size_t>(count) - 1);
  into.descriptor = -1;
  if (auto* rights = CMSG_FIRSTHDR(&header); rights != nullptr && rights->cmsg_type == SCM_RIGHTS)
    std::memcpy(&into.descriptor, CMSG_DATA(rights), sizeof(int));
  return ReceiveState::message;
}

std::string errno_name(int number) {
  if (number == 0) return "";
  const char* name = ::strerrorname_np(number);
  return name != nullptr ? name : std::to_string(number);
}

std::string signal_name(int number) {
  if (number >= SIGRTMIN && number <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : std::to_string(number);
}

wire::Json error_json(int number, std::string_view stage) {
  return {{"errno", number}, {"errno_name", errno_name(number)}, {"stage", number == 0 ? std::string() : std::string(stage)}};
}

}  // namespace diglab::agent
