// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/label.h"

#include <fmt/format.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace diglim::tool {
namespace {

using diglab::Bytes;

/// The first byte: enum evm_ima_xattr_type.
constexpr std::uint8_t digest = 1, signature = 3, digest_ng = 4, portable_signature = 5, verity_signature = 6;

/// struct signature_v2_hdr, without the signature.
constexpr std::size_t header_size = 9;

bool begins_with(const Bytes& attribute, std::uint8_t type) { return !attribute.empty() && attribute[0] == type; }

}  // namespace

bool Label::is_signature() const {
  const bool hash = begins_with(ima, digest) || begins_with(ima, digest_ng);
  return begins_with(ima, signature) || (hash && begins_with(evm, portable_signature));
}

// As ima_get_hash_algo() of security/integrity/ima/ima_appraise.c.
Result<const Algorithm*> Label::algorithm(const Algorithm& usual) const {
  if (ima.size() < 2) return &usual;
  std::size_t at = 0;
  if (ima[0] == signature || ima[0] == verity_signature) {
    if (ima[1] != (ima[0] == signature ? 2 : 3) || ima.size() <= header_size) return &usual;
    at = 2;
  } else if (ima[0] == digest_ng) {
    at = 1;
  } else if (ima[0] == digest && (ima.size() == 21 || ima.size() == 17)) {
    // One of MD5 may have been filled up to the length of SHA-1.
    const bool md5 = ima.size() == 17 || std::all_of(ima.end() - 4, ima.end(), [](std::uint8_t byte) { return byte == 0; });
    return algorithm_called(md5 ? "md5" : "sha1");
  } else {
    return &usual;
  }
  const Algorithm* named = diglim::algorithm(ima[at]);
  return named ? named : &usual;
}

const Bytes& Label::logged() const {
  static const Bytes nothing;
  if (begins_with(ima, signature) || begins_with(ima, verity_signature)) return ima;
  return begins_with(evm, portable_signature) ? evm : nothing;
}

Result<Bytes> read_attribute(const std::filesystem::path& file, const std::string& name) {
  std::array<std::uint8_t, 65536> value;  // the kernel's limit
  const auto size = ::getxattr(file.c_str(), name.c_str(), value.data(), value.size());
  if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP)
    return fail(ErrorKind::infra, fmt::format("{}: cannot read {}: {}", file.string(), name, std::strerror(errno)));
  return Bytes(value.begin(), value.begin() + std::max<ssize_t>(size, 0));
}

Result<Label> read_label(const std::filesystem::path& file, const ReadAttribute& read) {
  auto ima = TRY(read(file, "security.ima"));
  auto evm = TRY(read(file, "security.evm"));
  return Label{.ima = std::move(ima), .evm = std::move(evm)};
}

}  // namespace diglim::tool
