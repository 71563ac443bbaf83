// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <list>
#include <vector>

#include "agent/audit.h"
#include "agent/process.h"

struct pollfd;

namespace diglab::agent {

/// The agent's loop: one thread, which never blocks but in poll. Every request is performed by processes of its own; this process opens
/// no file and executes no program, so it leaves no trace in a measurement list.
class Server {
 public:
  struct Options {
    int port = -1;            ///< Read and written; the virtio-serial port, or a socket in tests.
    bool port_is_virtio = true;  ///< End of file then means "nobody is connected", not "over".
    /// Does what a shutdown request asked for, after its reply was sent.
    std::function<void(const std::string& how, bool orderly)> shut_down;
  };

  explicit Server(Options options);
  ~Server();

  /// Serves until SIGTERM, or until the other side of a socket is gone.
  void serve();

 private:
  struct Request {
    std::uint32_t epoch = 0;
    std::uint32_t id = 0;
    wire::Json json;
    std::string content;         // received so far
    std::size_t content_size = 0;
    bool started = false;
    bool is_run = false;
    bool abandoned = false;      // nobody waits for the reply any more
    std::vector<Process> processes;
    bool gated = false;
  };

  // Talking to the host.
  void read_port();
  void write_port();
  void receive(const wire::Frame& frame);
  void greet(const wire::Frame& frame);
  void send(wire::FrameType type, const Request& request, std::uint16_t stream, std::string payload);
  void send_frame(const wire::Frame& frame) { output_.push_back(wire::encode(frame)); output_size_ += output_.back().size(); }
  void reply(Request& request, const wire::Json& json);
  [[nodiscard]] std::string about_me() const;
  void forget_unsent();

  // Performing.
  void begin(Request& request);
  void begin_run(Request& request);
  void reply_audit(Request& request);
  void abandon(Request& request);
  void release_gate(Request& request);
  void hear(Request& request, std::size_t index);
  void pump(Request& request, std::size_t index, bool is_stderr);
  void feed_input(Process& process);
  void reap();
  void finish_requests();
  void check_deadlines();
  [[nodiscard]] int poll_timeout() const;
  void handle_signals();
  void drain_orphans(const std::vector<pollfd>& polled);

  /// While more than this waits for the host, outputs are not read: the programs that write them wait.
  static constexpr std::size_t high_water = std::size_t{1} << 20;

  Options options_;
  Inherited inherited_;
  int signals_ = -1;
  bool stopping_ = false;
  bool port_gone_ = false;  // virtio: no host connected; wait for SIGIO
  std::string instance_;
  std::uint32_t epoch_ = 0;
  wire::FrameDecoder decoder_;
  std::deque<std::string> output_;
  std::size_t output_size_ = 0;
  std::size_t front_sent_ = 0;  // bytes of output_.front() that are gone
  std::list<Request> requests_;
  std::vector<int> orphans_;  // outputs of ended processes that their descendants hold open: read, and dropped
  Handles handles_;
  AuditReader audit_;
  std::string shutdown_how_;
  bool shutdown_orderly_ = false;
};

}  // namespace diglab::agent
