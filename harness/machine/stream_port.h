// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/bytes.h"
#include "machine/libvirt_api.h"
#include "os/byte_stream.h"

namespace diglab {

/// A libvirt stream (a machine's console or virtio-serial port) as a ByteStream, near or far.
///
/// Bytes are taken from libvirt in its event thread as they come. With a sink they go there (console); without one
/// they wait for read_some() (agent).
class StreamPort final : public ByteStream, public std::enable_shared_from_this<StreamPort> {
 public:
  struct Sink {
    std::function<void(ByteView)> on_bytes;
    std::function<void()> on_end;  ///< The hypervisor closed its side; no more bytes.
  };

  /// `stream` must be connected (virDomainOpenConsole, virDomainOpenChannel) and not yet used.
  static Result<std::shared_ptr<StreamPort>> attach(StreamHandle stream, Sink sink);
  ~StreamPort() override;

  Result<std::size_t> read_some(std::span<std::uint8_t> buffer, const Deadline& deadline) override;
  Result<void> write_all(ByteView bytes, const Deadline& deadline) override;
  void close() override;

  /// The machine is gone: what has come may still be read, then every use gets `why`.
  void fail_with(Error why);
  /// The guest's program opened or closed its side. A reader gets zero once per closing, when the last bytes have been read.
  void set_guest_open(bool open);
  /// The machine was put into another state: what QEMU says about the port in the course of that is not the guest's doing.
  void forget_guest_state();

 private:
  struct Callback;
  StreamPort(StreamHandle stream, Sink sink) : stream_(std::move(stream)), sink_(std::move(sink)) {}
  void on_event(int events);
  void receive(bool last);
  void transmit();
  void end();
  [[nodiscard]] int wanted_events() const;
  void detach();

  StreamHandle stream_;
  Sink sink_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::uint8_t> in_;
  std::deque<std::uint8_t> out_;
  bool ended_ = false;     ///< The hypervisor's side, or close().
  bool detached_ = false;  ///< No callback is registered any more.
  bool closed_by_us_ = false;
  bool guest_closed_ = false;
  std::chrono::steady_clock::time_point deaf_until_{};
  std::atomic<unsigned> guest_change_ = 0;  ///< Counts openings and closings, so that a late timer knows its own.
  std::optional<Error> why_;
};

}  // namespace diglab
