// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/byte_stream.h"

#include <algorithm>
#include <deque>

namespace diglab {
namespace {

/// One direction: a queue that a writer fills and a reader empties.
struct Pipe {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<std::uint8_t> queue;
  bool closed = false;
};

class MemoryStream final : public ByteStream {
 public:
  MemoryStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out) : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override { MemoryStream::close(); }

  Result<std::size_t> read_some(std::span<std::uint8_t> buffer, const Deadline& deadline) override {
    std::unique_lock lock(in_->mutex);
    bool ready = in_->changed.wait_until(lock, deadline.stop, deadline.at, [&] { return in_->closed || !in_->queue.empty(); });
    if (!ready) {
      if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted while reading");
      return fail(ErrorKind::timeout, "nothing to read before the deadline");
    }
    std::size_t count = std::min(buffer.size(), in_->queue.size());
    std::copy_n(in_->queue.begin(), count, buffer.begin());
    in_->queue.erase(in_->queue.begin(), in_->queue.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

  Result<void> write_all(ByteView bytes, const Deadline&) override {
    std::lock_guard lock(out_->mutex);
    if (out_->closed) return fail(ErrorKind::guest_lost, "the other side closed the stream");
    out_->queue.insert(out_->queue.end(), bytes.begin(), bytes.end());
    out_->changed.notify_all();
    return {};
  }

  void close() override {
    for (auto& pipe : {in_, out_}) {
      std::lock_guard lock(pipe->mutex);
      pipe->closed = true;
      pipe->changed.notify_all();
    }
  }

 private:
  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
};

}  // namespace

std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> make_stream_pair() {
  auto one = std::make_shared<Pipe>();
  auto two = std::make_shared<Pipe>();
  return {std::make_unique<MemoryStream>(one, two), std::make_unique<MemoryStream>(two, one)};
}

}  // namespace diglab
