// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace diglab::agent {

/// Audit records from the kernel's multicast group.
///
/// Unlike being the audit daemon this changes nothing in the guest: records still go to a daemon or to the kernel log,
/// where printk's rate limit loses some. Here they get lost only when the socket's buffer is full, and then that is known.
class AuditReader {
 public:
  AuditReader();
  ~AuditReader();
  AuditReader(const AuditReader&) = delete;
  AuditReader& operator=(const AuditReader&) = delete;

  [[nodiscard]] int fd() const { return fd_; }  ///< -1 when there is no audit in this kernel, or no right to it.
  [[nodiscard]] int error() const { return error_; }
  void receive();

  [[nodiscard]] std::uint64_t next() const { return first_ + records_.size(); }
  [[nodiscard]] bool lost_since(std::uint64_t sequence) const { return lost_before_ > sequence; }
  /// The records from `since` on, one per line.
  [[nodiscard]] std::string lines(std::uint64_t since) const;

 private:
  static constexpr std::size_t max_bytes = std::size_t{32} << 20;

  int fd_ = -1;
  int error_ = 0;
  std::deque<std::string> records_;
  std::size_t bytes_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t lost_before_ = 0;  // records with a lower number than this have gaps or are gone
};

}  // namespace diglab::agent
