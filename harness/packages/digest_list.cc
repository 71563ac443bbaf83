// SPDX-License-Identifier: GPL-2.0-or-later
#include "packages/digest_list.h"

#include <fmt/format.h>
#include <linux/hash_info.h>

#include <algorithm>
#include <map>
#include <set>

namespace diglab {
namespace {

struct Algorithm {
  std::uint16_t number;  ///< enum hash_algo
  std::size_t size;      ///< Of a digest, in bytes.
};

/// What RPM may use for the digests of files.
const std::map<std::string_view, Algorithm> algorithms = {
    {"md5", {HASH_ALGO_MD5, 16}},       {"sha1", {HASH_ALGO_SHA1, 20}},     {"sha224", {HASH_ALGO_SHA224, 28}},
    {"sha256", {HASH_ALGO_SHA256, 32}}, {"sha384", {HASH_ALGO_SHA384, 48}}, {"sha512", {HASH_ALGO_SHA512, 64}},
};

template <typename Number>
void put_little_endian(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

bool is_immutable(const PackagedFile& file) {
  if (file.size == 0) return false;
  if ((file.mode & 0111) != 0 || (file.mode & 0222) == 0) return true;
  const auto name = file.path.substr(file.path.rfind('/') + 1);
  const auto within = [&](std::string_view directory) { return file.path.find(directory) != std::string::npos; };
  return (within("/lib/modules/") && !name.starts_with("modules.")) || within("/lib/firmware/") || within("/usr/libexec/sudo/") || within("/lib64/");
}

}  // namespace

Result<std::string> encode_digest_list(const std::vector<DigestBlock>& blocks) {
  std::string out;
  for (const auto& block : blocks) {
    const auto algorithm = algorithms.find(block.algorithm);
    if (algorithm == algorithms.end()) return fail(ErrorKind::bad_input, fmt::format("no digest list can hold digests of the algorithm '{}'", block.algorithm));
    out += '\1';  // version
    out += '\0';  // reserved
    put_little_endian(out, static_cast<std::uint16_t>(block.type));
    put_little_endian(out, block.modifiers);
    put_little_endian(out, algorithm->second.number);
    put_little_endian(out, static_cast<std::uint32_t>(block.digests.size()));
    put_little_endian(out, static_cast<std::uint32_t>(block.digests.size() * algorithm->second.size));
    for (const auto& digest : block.digests) {
      if (digest.size() != algorithm->second.size)
        return fail(ErrorKind::bad_input, fmt::format("a digest of {} has {} bytes, found {}", block.algorithm, algorithm->second.size, digest.size()));
      out += text_of(digest);
    }
  }
  return out;
}

Result<std::vector<DigestBlock>> digest_blocks_of(const Package& package, DigestBlock::Type type) {
  std::map<std::pair<std::uint16_t, std::string>, std::set<Bytes>> found;
  for (const auto& file : package.files) {
    if (!file.is_regular() || file.is_ghost() || file.digest.empty() || file.size == 0) continue;
    const std::uint16_t modifiers = is_immutable(file) ? DigestBlock::immutable : 0;
    found[{modifiers, file.algorithm}].insert(TRY(from_hex(file.digest), fmt::format("{}: {}", package.nevra(), file.path)));
  }
  std::vector<DigestBlock> blocks;
  for (auto& [key, digests] : found)
    blocks.push_back({.type = type, .modifiers = key.first, .algorithm = key.second, .digests = {digests.begin(), digests.end()}});
  return blocks;
}

std::string append_signature(std::string_view content, std::string_view signature, AppendedSignature kind) {
  std::string out(content);
  out += signature;
  const auto size = static_cast<std::uint32_t>(signature.size());
  out += std::string(2, '\0');  // algo, hash: said by the signature itself
  out += static_cast<char>(kind);
  out += std::string(5, '\0');  // signer_len, key_id_len, padding
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  return out + "~Module signature appended~\n";
}

}  // namespace diglab
