// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/stream_port.h"

#include <algorithm>
#include <array>

namespace diglab {
namespace {

// Beyond this a slow reader holds up the guest instead of filling the host's memory.
constexpr std::size_t high_water = std::size_t{16} << 20;
// The event that the guest closed its port overtakes the last bytes written to it: they come another way.
constexpr int last_bytes_milliseconds = 300;
// loadvm resets the port, which QEMU reports, and then restores it, which QEMU does not report. The event may be late.
constexpr std::chrono::seconds after_restore(1);

}  // namespace

/// Kept by libvirt for the callback: alone it does not keep the port alive.
struct StreamPort::Callback {
  std::weak_ptr<StreamPort> port;
};

Result<std::shared_ptr<StreamPort>> StreamPort::attach(StreamHandle stream, Sink sink) {
  std::shared_ptr<StreamPort> port(new StreamPort(std::move(stream), std::move(sink)));
  auto on_event = [](virStreamPtr, int events, void* opaque) {
    if (auto alive = static_cast<Callback*>(opaque)->port.lock()) alive->on_event(events);
  };
  if (virStreamEventAddCallback(port->stream_.get(), VIR_STREAM_EVENT_READABLE, on_event, new Callback{port}, free_function<Callback>) != 0) {
    port->detached_ = true;
    return fail(libvirt_error(ErrorKind::infra, "watch a stream of the machine"));
  }
  return port;
}

StreamPort::~StreamPort() {
  detach();
  // Not in detach(), which runs in the event thread too: with a distant hypervisor this is a question and an answer.
  if (!ended_) virStreamAbort(stream_.get());
}

void StreamPort::detach() {
  if (std::exchange(detached_, true)) return;
  virStreamEventRemoveCallback(stream_.get());
}

int StreamPort::wanted_events() const {
  return (in_.size() < high_water ? VIR_STREAM_EVENT_READABLE : 0) | (out_.empty() ? 0 : VIR_STREAM_EVENT_WRITABLE);
}

void StreamPort::on_event(int events) {
  if ((events & VIR_STREAM_EVENT_WRITABLE) != 0) transmit();
  receive((events & (VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR)) != 0);
}

void StreamPort::receive(bool last) {
  std::array<char, 65536> chunk;
  for (;;) {
    int count = -1;
    {
      std::lock_guard lock(mutex_);
      if (ended_ || detached_) return;
      count = virStreamRecv(stream_.get(), chunk.data(), chunk.size());
      if (count == -2 && !last) {
        virStreamEventUpdateCallback(stream_.get(), wanted_events());
        return;
      }
      if (count > 0 && !sink_.on_bytes) {
        in_.insert(in_.end(), chunk.data(), chunk.data() + count);
        changed_.notify_all();
        if (in_.size() >= high_water) {
          virStreamEventUpdateCallback(stream_.get(), wanted_events());
          return;
        }
      }
    }
    if (count <= 0) return end();
    if (sink_.on_bytes) sink_.on_bytes(view_of({chunk.data(), static_cast<std::size_t>(count)}));
  }
}

void StreamPort::transmit() {
  std::lock_guard lock(mutex_);
  while (!out_.empty() && !ended_ && !detached_) {
    std::array<char, 65536> chunk;
    std::size_t size = std::min(chunk.size(), out_.size());
    std::copy_n(out_.begin(), size, chunk.begin());
    int count = virStreamSend(stream_.get(), chunk.data(), size);
    if (count <= 0) break;
    out_.erase(out_.begin(), out_.begin() + count);
  }
  if (out_.empty()) changed_.notify_all();
  if (!ended_ && !detached_) virStreamEventUpdateCallback(stream_.get(), wanted_events());
}

void StreamPort::end() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
    detach();
    changed_.notify_all();
  }
  if (sink_.on_end) sink_.on_end();
}

Result<std::size_t> StreamPort::read_some(std::span<std::uint8_t> buffer, const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  auto ready = [&] { return !in_.empty() || why_ || guest_closed_ || closed_by_us_; };
  if (!changed_.wait_until(lock, deadline.stop, deadline.at, ready)) {
    if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted while waiting for the guest agent");
    return fail(ErrorKind::timeout, "the guest agent sent nothing before the deadline");
  }
  if (in_.empty()) {
    if (why_) return fail(*why_);
    guest_closed_ = false;
    return std::size_t{0};
  }
  bool was_full = in_.size() >= high_water;
  std::size_t count = std::min(buffer.size(), in_.size());
  std::copy_n(in_.begin(), count, buffer.begin());
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(count));
  if (was_full && !ended_ && !detached_) virStreamEventUpdateCallback(stream_.get(), wanted_events());
  return count;
}

Result<void> StreamPort::write_all(ByteView bytes, const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  if (why_) return fail(*why_);
  if (ended_ || closed_by_us_) return fail(ErrorKind::guest_lost, "the machine closed the agent's port");
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  virStreamEventUpdateCallback(stream_.get(), wanted_events());
  bool sent = changed_.wait_until(lock, deadline.stop, deadline.at, [&] { return out_.empty() || why_ || ended_ || closed_by_us_; });
  if (why_) return fail(*why_);
  if (sent && out_.empty()) return {};
  if (sent) return fail(ErrorKind::guest_lost, "the machine closed the agent's port");
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted while sending to the guest agent");
  return fail(ErrorKind::timeout, "the guest agent took no more bytes before the deadline");
}

void StreamPort::close() {
  std::lock_guard lock(mutex_);
  closed_by_us_ = true;
  detach();
  changed_.notify_all();
}

void StreamPort::fail_with(Error why) {
  std::lock_guard lock(mutex_);
  if (!why_) why_ = std::move(why);
  changed_.notify_all();
}

void StreamPort::forget_guest_state() {
  std::lock_guard lock(mutex_);
  ++guest_change_;
  guest_closed_ = false;
  deaf_until_ = std::chrono::steady_clock::now() + after_restore;
}

void StreamPort::set_guest_open(bool open) {
  {
    std::lock_guard lock(mutex_);
    if (std::chrono::steady_clock::now() < deaf_until_) return;
    ++guest_change_;
    guest_closed_ = false;
    if (open) return;
  }
  call_later(last_bytes_milliseconds, [weak = weak_from_this(), change = guest_change_.load()] {
    auto port = weak.lock();
    if (!port) return;
    std::lock_guard lock(port->mutex_);
    if (port->guest_change_ != change) return;
    port->guest_closed_ = true;
    port->changed_.notify_all();
  });
}

}  // namespace diglab
