// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace diglab::agent {

using wire::Frame;
using wire::FrameType;
using wire::Json;

namespace {

std::string random_hex() {
  unsigned char bytes[8] = {};
  (void)!::getrandom(bytes, sizeof bytes, GRND_NONBLOCK | GRND_INSECURE);
  std::string text;
  for (auto byte : bytes) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

}  // namespace

Server::Server(Options options) : options_(std::move(options)), instance_(random_hex()) {
  sigset_t handled;
  ::sigemptyset(&handled);
  for (int number : {SIGCHLD, SIGTERM, SIGIO}) ::sigaddset(&handled, number);
  ::sigprocmask(SIG_BLOCK, &handled, &inherited_.signals);
  signals_ = ::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
  ::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  inherited_.soft_files = files.rlim_cur;
  inherited_.hard_files = files.rlim_max;
  rlimit more{std::max<rlim_t>(files.rlim_max, 65536), std::max<rlim_t>(files.rlim_max, 65536)};
  if (::setrlimit(RLIMIT_NOFILE, &more) < 0) {
    more = {files.rlim_max, files.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &more);
  }
  ::fcntl(options_.port, F_SETFL, O_NONBLOCK | (options_.port_is_virtio ? O_ASYNC : 0));
  if (options_.port_is_virtio) ::fcntl(options_.port, F_SETOWN, ::getpid());
}

Server::~Server() {
  for (auto& request : requests_)
    for (auto& process : request.processes) {
      process.kill();
      for (int fd : {process.in, process.out, process.err, process.channel, process.gate})
        if (fd >= 0) ::close(fd);
    }
  for (int fd : orphans_) ::close(fd);
  for (const auto& [name, fd] : handles_) ::close(fd);
  ::close(signals_);
  ::sigprocmask(SIG_SETMASK, &inherited_.signals, nullptr);
}

std::string Server::about_me() const {
  utsname system{};
  ::uname(&system);
  return wire::to_payload({{"protocol", wire::protocol_version},
                           {"pid", ::getpid()},
                           {"instance", instance_},
                           {"release", wire::to_json_text(system.release)},
                           {"machine", wire::to_json_text(system.machine)},
                           {"cpus", ::sysconf(_SC_NPROCESSORS_ONLN)}});
}

void Server::serve() {
  send_frame({FrameType::announce, 0, 0, 0, about_me()});
  std::vector<pollfd> polled;
  while (!stopping_) {
    if (!shutdown_how_.empty() && output_.empty()) {
      options_.shut_down(shutdown_how_, shutdown_orderly_);
      shutdown_how_.clear();
      continue;
    }
    bool has_room = output_size_ < high_water;
    polled.clear();
    auto watch = [&](int fd, short events) {
      if (fd >= 0) polled.push_back({fd, events, 0});
    };
    watch(signals_, POLLIN);
    watch(port_gone_ ? -1 : options_.port, static_cast<short>(POLLIN | (output_.empty() ? 0 : POLLOUT)));
    watch(audit_.fd(), POLLIN);
    for (auto& request : requests_)
      for (auto& process : request.processes) {
        watch(process.in, POLLOUT);
        if (!has_room) continue;
        watch(process.channel, POLLIN);
        watch(process.out, POLLIN);
        watch(process.err, POLLIN);
      }
    for (int fd : orphans_) watch(fd, POLLIN);
    if (::poll(polled.data(), polled.size(), poll_timeout()) < 0 && errno != EINTR) return;

    auto ready = [&](int fd) {
      return fd >= 0 && std::ranges::any_of(polled, [fd](const pollfd& entry) { return entry.fd == fd && entry.revents != 0; });
    };
    // Decided before anything is closed: a descriptor number may soon mean something else.
    drain_orphans(polled);
    if (ready(audit_.fd())) audit_.receive();
    for (auto& request : requests_)
      for (std::size_t i = 0; i < request.processes.size(); ++i) {
        auto& process = request.processes[i];
        if (ready(process.in)) feed_input(process);
        if (ready(process.out)) pump(request, i, false);
        if (ready(process.err)) pump(request, i, true);
        if (ready(process.channel)) hear(request, i);
      }
    if (ready(signals_)) handle_signals();
    check_deadlines();
    finish_requests();
    if (ready(options_.port) && !port_gone_) read_port();
    if (!output_.empty() && !port_gone_) write_port();
  }
}

void Server::handle_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGTERM) stopping_ = true;
    if (info.ssi_signo == SIGIO) port_gone_ = false;
  }
  reap();  // one SIGCHLD may stand for several
}

void Server::read_port() {
  static std::string buffer(wire::chunk_size, '\0');
  while (true) {
    auto count = ::read(options_.port, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      // A virtio port without a host reads as ended, until SIGIO tells of a host.
      if (options_.port_is_virtio) port_gone_ = true;
      else stopping_ = true;
      return;
    }
    decoder_.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
    while (auto frame = decoder_.next()) receive(*frame);
  }
}

void Server::write_port() {
  while (!output_.empty()) {
    const auto& front = output_.front();
    auto count = ::write(options_.port, front.data() + front_sent_, front.size() - front_sent_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      if (errno != EAGAIN && !options_.port_is_virtio) stopping_ = true;
      return;
    }
    front_sent_ += static_cast<std::size_t>(count);
    if (front_sent_ < front.size()) continue;
    output_size_ -= front.size();
    front_sent_ = 0;
    output_.pop_front();
  }
}

void Server::receive(const Frame& frame) {
  if (!shutdown_how_.empty()) return;
  if (frame.type == FrameType::hello) return greet(frame);
  if (frame.epoch != epoch_ || epoch_ == 0) return;  // asked for in a timeline that is no more
  auto found = std::ranges::find(requests_, frame.request, &Request::id);
  if (frame.type == FrameType::request && found == requests_.end()) {
    auto& request = requests_.emplace_back();
    request.epoch = frame.epoch;
    request.id = frame.request;
    auto json = wire::parse_payload(frame.payload);
    if (!json) return reply(request, error_json(EBADMSG, "request"));
    request.json = std::move(*json);
    request.content_size = static_cast<std::size_t>(std::max<std::int64_t>(wire::number_at(request.json, "content_size"), 0));
    if (request.content_size > (std::size_t{1} << 30)) return reply(request, error_json(EFBIG, "content_size"));
    if (request.content_size == 0) begin(request);
    return;
  }
  if (found == requests_.end()) return;
  if (frame.type == FrameType::cancel) abandon(*found);
  if (frame.type == FrameType::data && !found->started && !found->abandoned) {
    found->content += frame.payload;
    if (found->content.size() >= found->content_size) begin(*found);
  }
}

void Server::greet(const Frame& frame) {
  auto json = wire::parse_payload(frame.payload);
  if (frame.epoch != epoch_) {
    bool keep = json && wire::flag_at(*json, "keep");
    epoch_ = frame.epoch;
    for (auto& request : requests_) {
      if (keep) request.epoch = epoch_;
      else abandon(request);
    }
    if (!keep) forget_unsent();
  }
  send_frame({FrameType::hello_reply, 0, epoch_, 0, about_me()});
}

/// What is queued answers another epoch; only a frame that has begun must be ended, or rather: cut off by the next one's zero.
void Server::forget_unsent() {
  while (output_.size() > (front_sent_ > 0 ? 1U : 0U)) output_.pop_back();
  output_size_ = output_.empty() ? 0 : output_.front().size();
}

void Server::send(FrameType type, const Request& request, std::uint16_t stream, std::string payload) {
  if (!request.abandoned) send_frame({type, stream, request.epoch, request.id, std::move(payload)});
}

/// Cuts nothing short: the reply is the last frame of its request, and ends it.
void Server::reply(Request& request, const Json& json) {
  auto payload = wire::to_payload(json);
  if (payload.size() > wire::max_payload) payload = wire::to_payload(error_json(EMSGSIZE, "reply"));
  send(FrameType::reply, request, 0, std::move(payload));
  request.started = true;
  request.abandoned = true;
}

}  // namespace diglab::agent
