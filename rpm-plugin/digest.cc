// SPDX-License-Identifier: GPL-2.0-or-later
#include "digest.h"

#include <fcntl.h>
#include <rpm/rpmcrypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace diglim {
namespace {

DIGEST_CTX start(const Algorithm& wanted) {
  constexpr int pgp_numbers = 16;
  for (int number = 0; number < pgp_numbers; ++number)
    if (algorithm_of_pgp(static_cast<std::uint32_t>(number)) == &wanted) return rpmDigestInit(number, 0);
  return nullptr;
}

std::string end(DIGEST_CTX context) {
  void* text = nullptr;
  rpmDigestFinal(context, &text, nullptr, 1);
  std::string digest = text != nullptr ? static_cast<const char*>(text) : "";
  std::free(text);
  return digest;
}

/// Whether all of it was read.
bool update(DIGEST_CTX context, int file) {
  char buffer[64 * 1024];
  for (;;) {
    const auto count = ::read(file, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    rpmDigestUpdate(context, buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

std::string digest_of(ByteView bytes, const Algorithm& algorithm) {
  DIGEST_CTX context = start(algorithm);
  if (context == nullptr) return {};
  rpmDigestUpdate(context, bytes.data(), bytes.size());
  return end(context);
}

std::string digest_of_file(const std::string& path, std::uint64_t size, const Algorithm& algorithm) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return {};
  struct stat status;
  const bool is_it = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == size;
  std::string digest;
  if (DIGEST_CTX context = is_it ? start(algorithm) : nullptr) {
    const bool complete = update(context, file);
    digest = end(context);
    if (!complete) digest.clear();
  }
  ::close(file);
  return digest;
}

}  // namespace diglim
