// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/audit.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace diglab::agent {

AuditReader::AuditReader() {
  fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
  int size = 16 << 20;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1);
  if (fd_ >= 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return;
  }
  error_ = errno;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

AuditReader::~AuditReader() {
  if (fd_ >= 0) ::close(fd_);
}

void AuditReader::receive() {
  alignas(nlmsghdr) static char buffer[16384];
  while (true) {
    auto count = ::recv(fd_, buffer, sizeof buffer, 0);
    if (count < 0 && errno == ENOBUFS) {
      lost_before_ = next() + 1;
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < static_cast<ssize_t>(sizeof(nlmsghdr))) return;
    nlmsghdr header;
    std::memcpy(&header, buffer, sizeof header);
    if (header.nlmsg_type < AUDIT_FIRST_USER_MSG || header.nlmsg_type == AUDIT_EOE) continue;
    // The length in the header does not include itself in messages that the kernel made for its daemon, and
    // does in multicast ones: the size of the datagram is certain.
    std::string_view text(buffer + NLMSG_HDRLEN, static_cast<std::size_t>(count) - NLMSG_HDRLEN);
    text = text.substr(0, std::min(text.find('\0'), text.size()));
    auto record = "type=" + std::to_string(header.nlmsg_type) + " " + std::string(text);
    std::ranges::replace(record, '\n', ' ');
    bytes_ += record.size();
    records_.push_back(std::move(record));
    while (bytes_ > max_bytes) {
      bytes_ -= records_.front().size();
      records_.pop_front();
      lost_before_ = ++first_;
    }
  }
}

std::string AuditReader::lines(std::uint64_t since) const {
  std::string text;
  for (auto i = std::max(since, first_); i < next(); ++i) text += records_[i - first_] + "\n";
  return text;
}

}  // namespace diglab::agent
