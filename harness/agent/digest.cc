// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/digest.h"

// The low-level interface: the other one brings all of OpenSSL's providers into a static program.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <fcntl.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace diglab::agent {

std::optional<std::string> sha256_of_descriptor(int fd) {
  SHA256_CTX context;
  SHA256_Init(&context);
  static std::array<unsigned char, 65536> buffer;
  off_t offset = 0;
  while (true) {
    auto count = ::pread(fd, buffer.data(), buffer.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    SHA256_Update(&context, buffer.data(), static_cast<std::size_t>(count));
    offset += count;
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &context);
  std::string text;
  for (auto byte : digest) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

std::optional<std::string> sha256_of_path(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  auto digest = sha256_of_descriptor(fd);
  ::close(fd);
  return digest;
}

}  // namespace diglab::agent
