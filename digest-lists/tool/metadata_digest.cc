// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/metadata_digest.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "format/bytes.h"

namespace diglim::tool {
namespace {

/// In the kernel's order (evm_config_default_xattrnames of security/integrity/evm/evm_main.c), each with what it is compiled for.
constexpr std::array attributes = {"security.selinux",     "security.SMACK64",  "security.SMACK64EXEC", "security.SMACK64TRANSMUTE",
                                   "security.SMACK64MMAP", "security.apparmor", "security.ima",         "security.capability"};

/// struct hmac_misc of evm_crypto.c on 64-bit machines. Inode and generation are 0 in what is portable.
struct Misc {
  std::uint64_t inode = 0;
  std::uint32_t generation = 0;
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::uint16_t mode = 0;
  std::uint16_t padding = 0;
};
static_assert(sizeof(Misc) == 24);

}  // namespace

Result<Digest> metadata_digest_of(const std::filesystem::path& file, const Algorithm& algorithm) {
  const auto content = TRY(digest_of_file(file, algorithm));
  std::string data;
  for (const std::string_view name : attributes) {
    if (name == "security.ima") {
      // IMA_XATTR_DIGEST_NG, the algorithm, the digest.
      data += '\x04';
      data += static_cast<char>(algorithm.number);
      data += content.bytes;
      continue;
    }
    std::array<char, 65536> value;
    const auto size = ::getxattr(file.c_str(), name.data(), value.data(), value.size());
    if (size > 0) data.append(value.data(), static_cast<std::size_t>(size));
    if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP)
      return fail(ErrorKind::infra, fmt::format("{}: cannot read {}: {}", file.string(), name, std::strerror(errno)));
  }
  struct ::stat status {};
  if (::stat(file.c_str(), &status) != 0) return fail(ErrorKind::infra, fmt::format("{}: {}", file.string(), std::strerror(errno)));
  Misc misc;
  misc.user = status.st_uid;
  misc.group = status.st_gid;
  misc.mode = static_cast<std::uint16_t>(status.st_mode);
  data += text_of({reinterpret_cast<const std::uint8_t*>(&misc), sizeof misc});
  return digest_of(data, algorithm);
}

}  // namespace diglim::tool
