// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "base/deadline.h"

namespace diglab {

/// An ordered, reliable, two-way stream of bytes: a virtio-serial port, a socket, a pipe pair.
///
/// One reader and one writer may use it at the same time from different threads.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Waits for at least one byte, returns at most `buffer.size()`. Zero means that the other side is gone.
  /// ErrorKind::timeout or ::interrupted when `deadline` ends the wait, ::guest_lost when the transport broke.
  virtual Result<std::size_t> read_some(std::span<std::uint8_t> buffer, const Deadline& deadline) = 0;

  /// Writes everything or fails; after a failure the stream is of no further use.
  virtual Result<void> write_all(ByteView bytes, const Deadline& deadline) = 0;

  /// Ends both directions; a blocked read returns zero. May be called from any thread, and twice.
  virtual void close() = 0;
};

/// Two connected in-memory streams: what one writes the other reads. For tests.
[[nodiscard]] std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> make_stream_pair();

}  // namespace diglab
