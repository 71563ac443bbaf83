// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "agent/server.h"
#include "base/deadline.h"
#include "guest/client.h"
#include "os/byte_stream.h"

namespace diglab::agent {

/// One end of a socket as a ByteStream.
class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(int fd) : fd_(fd) {}
  ~SocketStream() override {
    ::close(fd_);
    ::close(stop_);
  }

  Result<std::size_t> read_some(std::span<std::uint8_t> buffer, const Deadline& deadline) override {
    std::stop_callback wake(deadline.stop, [this] { ::eventfd_write(stop_, 1); });
    while (!deadline.stop.stop_requested()) {
      pollfd entries[2] = {{fd_, POLLIN, 0}, {stop_, POLLIN, 0}};
      auto left = deadline.at == Deadline::Clock::time_point::max() ? -1 : static_cast<int>(deadline.remaining().count() / 1000000 + 1);
      if (::poll(entries, 2, left) == 0) return fail(ErrorKind::timeout, "nothing to read");
      if (entries[0].revents == 0) continue;
      auto count = ::read(fd_, buffer.data(), buffer.size());
      return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    return fail(ErrorKind::interrupted, "stopped");
  }
  Result<void> write_all(ByteView bytes, const Deadline&) override {
    while (!bytes.empty()) {
      auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return fail(ErrorKind::guest_lost, "the agent is gone");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }
  void close() override { ::shutdown(fd_, SHUT_RDWR); }

 private:
  int fd_;
  int stop_ = ::eventfd(0, EFD_CLOEXEC);
};

/// The real agent in a process of its own, on the other end of a socket.
class RunningAgent {
 public:
  RunningAgent() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(pair[0]);
      {
        Server server({.port = pair[1], .port_is_virtio = false, .shut_down = [](const std::string& how, bool orderly) {
                         std::fprintf(stderr, "asked to %s%s\n", how.c_str(), orderly ? " in order" : "");
                         ::_exit(how == "reboot" ? 42 : 43);
                       }});
        server.serve();
      }
      ::_exit(0);
    }
    ::close(pair[1]);
    stream_ = std::make_unique<SocketStream>(pair[0]);
  }
  ~RunningAgent() { (void)end(); }

  ByteStream& stream() { return *stream_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Closes the stream and returns the agent's exit status.
  int end() {
    if (pid_ < 0) return status_;
    stream_->close();
    return wait();
  }
  int wait() {
    if (pid_ > 0) ::waitpid(pid_, &status_, 0);
    pid_ = -1;
    return status_;
  }

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  std::unique_ptr<SocketStream> stream_;
};

}  // namespace diglab::agent
