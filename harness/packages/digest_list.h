// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "packages/package_set.h"

namespace diglab {

/// The kernel's own format of digest lists, as include/uapi/linux/diglim.h of kernel-patches/ defines it: blocks without
/// anything around them, each a header of 16 bytes (version 1, type, modifiers, algorithm, count and length, little-endian)
/// and as many raw digests.
struct DigestBlock {
  enum Type : std::uint16_t { parser = 0, file = 1, metadata = 2 };
  static constexpr std::uint16_t immutable = 1;

  Type type = file;
  std::uint16_t modifiers = 0;
  std::string algorithm;       ///< "sha256", as the kernel calls it.
  std::vector<Bytes> digests;  ///< Each as long as the algorithm says.
};

/// ErrorKind::bad_input for an algorithm that the kernel does not know and for a digest of another length.
Result<std::string> encode_digest_list(const std::vector<DigestBlock>& blocks);

/// The digests of a package's regular files with content: what may be modified first, then what is immutable, each sorted and
/// without repetition. Programs, files nobody may write, libraries, modules and firmware count as immutable.
Result<std::vector<DigestBlock>> digest_blocks_of(const Package& package, DigestBlock::Type type = DigestBlock::file);

/// Which kind of signature is appended to a file, in struct module_signature's id_type.
enum class AppendedSignature : std::uint8_t { pgp = 0, pkcs7 = 2 };

/// `content`, the signature, its struct module_signature, and the marker that the kernel looks for at the end of a file.
[[nodiscard]] std::string append_signature(std::string_view content, std::string_view signature, AppendedSignature kind);

}  // namespace diglab
