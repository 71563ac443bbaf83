// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "format/bytes.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// One digest in the making.
class Hash {
 public:
  static Result<Hash> begin(const Algorithm& algorithm) {
    // Linux and OpenSSL agree on names but for these.
    const std::string name = algorithm.name == "rmd160" ? "RIPEMD160" : std::string(algorithm.name);
    Hash hash(algorithm);
    hash.method_.reset(EVP_MD_fetch(nullptr, name.c_str(), nullptr));
    if (!hash.method_ || EVP_DigestInit_ex2(hash.context_.get(), hash.method_.get(), nullptr) != 1)
      return fail(ErrorKind::bad_input, fmt::format("OpenSSL cannot calculate digests of the algorithm '{}' here", algorithm.name));
    return hash;
  }

  void update(const void* bytes, std::size_t size) { EVP_DigestUpdate(context_.get(), bytes, size); }

  Digest end() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
    return {.algorithm = algorithm_, .bytes = std::string(text_of({bytes.data(), size}))};
  }

 private:
  explicit Hash(const Algorithm& algorithm) : algorithm_(&algorithm) {}

  const Algorithm* algorithm_;
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> method_{nullptr, EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

std::unexpected<Error> fail_errno(const fs::path& path, std::string_view doing) {
  const auto kind = errno == ENOENT || errno == ENOTDIR ? ErrorKind::bad_input : ErrorKind::infra;
  return fail(kind, fmt::format("{}: cannot {}: {}", path.string(), doing, std::strerror(errno)));
}

bool same_content(const struct ::stat& a, const struct ::stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

Result<Digest> digest_of_descriptor(int fd, const fs::path& path, const Algorithm& algorithm) {
  struct ::stat before {
  }, after{};
  if (::fstat(fd, &before) != 0) return fail_errno(path, "look at it");
  if (!S_ISREG(before.st_mode)) return fail(ErrorKind::bad_input, fmt::format("{}: not a regular file", path.string()));
  auto hash = TRY(Hash::begin(algorithm));
  std::array<char, 1 << 16> chunk;
  for (;;) {
    const auto count = ::read(fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(path, "read");
    if (count == 0) break;
    hash.update(chunk.data(), static_cast<std::size_t>(count));
  }
  if (::fstat(fd, &after) != 0) return fail_errno(path, "look at it");
  if (!same_content(before, after))
    return fail(ErrorKind::infra, fmt::format("{}: was changed while it was read; try again", path.string()));
  return hash.end();
}

}  // namespace

std::string Digest::to_string() const {
  return fmt::format("{}-{}", algorithm->name, to_hex(bytes));
}

const Algorithm& default_algorithm() {
  static const Algorithm& sha256 = *algorithm_named("sha256");
  return sha256;
}

Result<const Algorithm*> algorithm_called(std::string_view name) {
  if (const Algorithm* found = algorithm_named(name)) return found;
  std::string all;
  for (const Algorithm& each : algorithms()) all += fmt::format("{}{}", all.empty() ? "" : ", ", each.name);
  return fail(ErrorKind::bad_input, fmt::format("no algorithm is called '{}'; the kernel knows {}", name, all));
}

std::optional<Digest> parse_digest(std::string_view text) {
  const auto separator = text.find_last_of("-:");  // "sha3-256" has a dash
  const auto hex = separator == std::string_view::npos ? text : text.substr(separator + 1);
  const Algorithm* algo = nullptr;
  if (separator != std::string_view::npos) {
    algo = algorithm_named(text.substr(0, separator));
  } else {
    for (const std::string_view name : {"sha256", "sha512", "sha384", "sha224", "sha1", "md5"})
      if (algorithm_named(name)->size * 2 == hex.size()) algo = algorithm_named(name);
  }
  if (algo == nullptr || hex.size() != 2 * algo->size) return std::nullopt;
  Digest digest{.algorithm = algo, .bytes = std::string(algo->size, '\0')};
  if (from_hex(hex, reinterpret_cast<std::uint8_t*>(digest.bytes.data())) != hex.size()) return std::nullopt;
  return digest;
}

Result<Digest> digest_of(std::string_view content, const Algorithm& algorithm) {
  auto hash = TRY(Hash::begin(algorithm));
  hash.update(content.data(), content.size());
  return hash.end();
}

Result<Digest> digest_of_file(const fs::path& path, const Algorithm& algorithm) {
  // O_NONBLOCK: a FIFO must not keep us waiting before it is told from a file.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail_errno(path, "open");
  auto digest = digest_of_descriptor(fd, path, algorithm);
  ::close(fd);
  return digest;
}

}  // namespace diglim::tool
