// SPDX-License-Identifier: GPL-2.0-or-later
// The half of the server that performs requests; server.cc is the half that talks to the host.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/calls.h"
#include "agent/files.h"
#include "agent/server.h"

namespace diglab::agent {

using wire::FrameType;
using wire::Json;

void Server::begin(Request& request) {
  request.started = true;
  auto verb = wire::text_at(request.json, "do");
  if (verb == "run") return begin_run(request);
  if (verb == "audit_log") return reply_audit(request);
  if (verb == "release") {
    auto found = handles_.find(wire::text_at(request.json, "handle"));
    if (found == handles_.end()) return reply(request, error_json(ENOENT, "release"));
    ::close(found->second);
    handles_.erase(found);
    return reply(request, error_json(0, ""));
  }
  if (verb == "shutdown") {
    reply(request, error_json(0, ""));
    shutdown_how_ = wire::text_at(request.json, "how");
    shutdown_orderly_ = wire::flag_at(request.json, "orderly");
    return;
  }
  auto process = start_process(inherited_, {}, false, [&](const Channel& channel) {
    if (!perform_file_verb(request.json, request.content, channel)) channel.send_json(Message::reply, error_json(ENOSYS, verb));
  });
  process.close_input();
  request.content.clear();
  request.content.shrink_to_fit();
  if (process.pid < 0) return reply(request, *process.failed);
  request.processes.push_back(std::move(process));
}

void Server::begin_run(Request& request) {
  const auto& commands = wire::array_at(request.json, "commands");
  if (commands.empty() || commands.size() > 4096) return reply(request, error_json(EINVAL, "commands"));
  request.is_run = true;
  request.gated = commands.size() > 1;
  for (const auto& command : commands) {
    auto process = start_process(inherited_, handles_, request.gated,
                                 [&](const Channel& channel) { perform_calls(command, handles_, channel); });
    process.input = wire::text_at(command, "input");
    process.output_limit = static_cast<std::size_t>(wire::number_at(command, "output_limit"));
    process.timeout = std::chrono::milliseconds(wire::number_at(command, "timeout_ms"));
    if (process.input.empty()) process.close_input();
    request.processes.push_back(std::move(process));
  }
  request.json = Json();
  release_gate(request);
}

/// Lets all go when the last one is ready, and starts their clocks.
void Server::release_gate(Request& request) {
  auto waits = [](const Process& process) { return !process.is_ready && !process.finished() && process.channel >= 0; };
  if (request.gated && std::ranges::any_of(request.processes, waits)) return;
  request.gated = false;
  for (auto& process : request.processes) {
    if (process.gate >= 0) ::close(process.gate);
    process.gate = -1;
  }
  for (auto& process : request.processes)
    if (process.timeout.count() > 0) process.deadline = MonotonicClock::now() + process.timeout;
}

void Server::reply_audit(Request& request) {
  auto since = static_cast<std::uint64_t>(wire::number_at(request.json, "since"));
  if (audit_.fd() >= 0) audit_.receive();
  auto lines = audit_.lines(since);
  for (std::string_view rest = lines; !rest.empty(); rest.remove_prefix(std::min(rest.size(), wire::chunk_size)))
    send(FrameType::data, request, 0, std::string(rest.substr(0, wire::chunk_size)));
  auto json = error_json(audit_.error(), "audit");
  json["next"] = audit_.next();
  json["lost"] = audit_.lost_since(since);
  reply(request, json);
}

void Server::abandon(Request& request) {
  request.abandoned = true;
  for (auto& process : request.processes) process.kill();
}

void Server::hear(Request& request, std::size_t index) {
  auto& process = request.processes[index];
  // Not to the end: what the process has to say may be more than the host can take now.
  for (int i = 0; i < 8; ++i) {
    Received received{};
    switch (agent::receive(process.channel, received)) {
      case ReceiveState::nothing_yet:
        return;
      case ReceiveState::closed:
        ::close(process.channel);
        process.channel = -1;
        if (request.gated) release_gate(request);
        return;
      case ReceiveState::message:
        break;
    }
    auto json = received.message == Message::digest || received.message == Message::value || received.message == Message::failed
                    ? wire::parse_payload(received.content)
                    : std::nullopt;
    auto key = json ? std::to_string(wire::number_at(*json, "call")) : std::string();
    switch (received.message) {
      case Message::ready:
        process.is_ready = true;
        if (request.gated) release_gate(request);
        break;
      case Message::data:
        send(FrameType::data, request, 0, std::move(received.content));
        break;
      case Message::reply:
        process.reply = std::move(received.content);
        break;
      case Message::failed:
        process.failed = std::move(json);
        break;
      case Message::done:
        process.done = true;
        break;
      case Message::digest:
        if (json) process.digests[key] = (*json)["text"];
        break;
      case Message::value:
        if (json) process.values[key] = (*json)["text"];
        break;
      case Message::handle:
        if (received.descriptor < 0) break;
        if (auto old = handles_.find(received.content); old != handles_.end()) ::close(old->second);
        handles_[received.content] = received.descriptor;
        break;
    }
  }
}

/// Reads what there is of one output, up to a bound, and passes on what the limit allows.
void Server::pump(Request& request, std::size_t index, bool is_stderr) {
  static std::string buffer(wire::chunk_size, '\0');
  auto& process = request.processes[index];
  int& fd = is_stderr ? process.err : process.out;
  auto& size = is_stderr ? process.err_size : process.out_size;
  for (int i = 0; i < 4; ++i) {
    auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      ::close(fd);
      fd = -1;
      return;
    }
    auto piece = std::string_view(buffer).substr(0, static_cast<std::size_t>(count));
    auto room = request.is_run ? process.output_limit - std::min(size, process.output_limit) : 0;
    if (piece.size() > room) process.truncated = request.is_run;
    piece = piece.substr(0, room);
    size += piece.size();
    if (!piece.empty()) send(FrameType::data, request, static_cast<std::uint16_t>(index * 2 + (is_stderr ? 1 : 0)), std::string(piece));
  }
}

void Server::feed_input(Process& process) {
  auto count = ::write(process.in, process.input.data(), process.input.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) return process.close_input();  // it does not want any more
  process.input.erase(0, static_cast<std::size_t>(count));
  if (process.input.empty()) process.close_input();
}

void Server::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0)
    for (auto& request : requests_)
      for (auto& process : request.processes)
        if (process.pid == pid && !process.wait_status) process.wait_status = status;
}

/// Replies to requests whose processes have all ended. What is left in their pipes was written before they ended.
void Server::finish_requests() {
  for (auto& request : requests_) {
    if (!request.started || (request.abandoned && request.processes.empty())) continue;
    for (std::size_t i = 0; i < request.processes.size(); ++i) {
      auto& process = request.processes[i];
      // Only descendants can still hold the channel of a killed process, and only the one that reads a digest.
      if (process.wait_status && request.abandoned && process.channel >= 0) {
        ::close(process.channel);
        process.channel = -1;
      }
      if (!process.finished() || output_size_ >= high_water) continue;
      for (bool is_stderr : {false, true}) {
        int& fd = is_stderr ? process.err : process.out;
        if (fd >= 0) pump(request, i, is_stderr);
        if (fd < 0) continue;
        pollfd more{fd, POLLIN, 0};
        if (::poll(&more, 1, 0) > 0) continue;  // the next round of the loop goes on
        orphans_.push_back(fd);
        fd = -1;
      }
      process.close_input();
    }
    auto is_over = [](const Process& process) { return process.finished() && process.out < 0 && process.err < 0; };
    if (request.abandoned || !std::ranges::all_of(request.processes, is_over)) continue;
    if (request.is_run) {
      auto outcomes = Json::array();
      for (const auto& process : request.processes) outcomes.push_back(process.outcome());
      reply(request, {{"outcomes", std::move(outcomes)}});
    } else {
      auto& process = request.processes.front();
      if (!process.reply) {
        auto end = process.outcome();
        reply(request, error_json(EIO, "the agent's own process ended without a reply: " +
                                           (end.contains("signal_name") ? end["signal_name"].get<std::string>() : end.dump())));
      } else {
        send(FrameType::reply, request, 0, std::move(*process.reply));
        request.abandoned = true;
      }
    }
  }
  std::erase_if(requests_, [](const Request& request) {
    return request.abandoned &&
           std::ranges::all_of(request.processes, [](const Process& p) { return p.finished() && p.out < 0 && p.err < 0; });
  });
}

void Server::check_deadlines() {
  for (auto& request : requests_)
    for (auto& process : request.processes)
      if (process.deadline && !process.wait_status && MonotonicClock::now() >= *process.deadline) {
        process.deadline_passed = true;
        process.deadline.reset();
        process.kill();
      }
}

int Server::poll_timeout() const {
  auto soonest = MonotonicClock::time_point::max();
  for (const auto& request : requests_)
    for (const auto& process : request.processes)
      // Ended, but its outputs were left alone because too much waited for the host.
      if (process.pid > 0 && process.finished() && (process.out >= 0 || process.err >= 0) && output_size_ < high_water) return 0;
  for (const auto& request : requests_)
    for (const auto& process : request.processes)
      if (process.deadline && !process.wait_status) soonest = std::min(soonest, *process.deadline);
  if (soonest == MonotonicClock::time_point::max()) return -1;
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(soonest - MonotonicClock::now()).count() + 1;
  return static_cast<int>(std::clamp<long>(left, 0, 1000000));
}

void Server::drain_orphans(const std::vector<pollfd>& polled) {
  static char sink[65536];
  std::erase_if(orphans_, [&](int fd) {
    auto is_ready = std::ranges::any_of(polled, [fd](const pollfd& entry) { return entry.fd == fd && entry.revents != 0; });
    if (!is_ready) return false;
    auto count = ::read(fd, sink, sizeof sink);
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return false;
    ::close(fd);
    return true;
  });
}

}  // namespace diglab::agent
