// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/rpm_list.h"

#include <algorithm>
#include <array>

#include "format/signature.h"

namespace diglim {
namespace {

/// Sorts digests of one size that lie one after the other, and drops repetitions. Returns how many bytes are left.
template <std::size_t size>
std::size_t sort_unique(std::span<std::uint8_t> bytes) {
  using Digest = std::array<std::uint8_t, size>;
  static_assert(sizeof(Digest) == size && alignof(Digest) == 1);
  auto* first = reinterpret_cast<Digest*>(bytes.data());
  auto* last = first + bytes.size() / size;
  const auto less = [](const Digest& a, const Digest& b) { return std::memcmp(a.data(), b.data(), size) < 0; };
  if (!std::is_sorted(first, last, less)) std::sort(first, last, less);
  return static_cast<std::size_t>(std::unique(first, last) - first) * size;
}

std::size_t sort_unique(std::span<std::uint8_t> bytes, std::size_t size) {
  switch (size) {
    case 16: return sort_unique<16>(bytes);
    case 20: return sort_unique<20>(bytes);
    case 28: return sort_unique<28>(bytes);
    case 32: return sort_unique<32>(bytes);
    case 48: return sort_unique<48>(bytes);
    default: return sort_unique<64>(bytes);  // of what OpenPGP numbers
  }
}

bool is_in(std::string_view directory, std::string_view part) { return directory.find(part) != std::string_view::npos; }

}  // namespace

bool is_immutable(const RpmFile& file, std::span<const std::string> more_directories) {
  if (file.size == 0) return false;
  if ((file.mode & 0111) != 0 || (file.mode & 0222) == 0) return true;
  for (const std::string_view part : immutable_directories)
    if (is_in(file.directory, part)) return part != "/lib/modules/" || !file.name.starts_with("modules.");
  return std::ranges::any_of(more_directories, [&](const std::string& part) { return is_in(file.directory, part); });
}

Result<void> convert(const RpmHeader& header, const Conversion& conversion, std::vector<std::uint8_t>& list) {
  list.clear();
  auto files = RpmFiles::read(header);
  if (!files) return std::unexpected(files.error());
  const Algorithm& algo = files->algorithm();
  // What may be modified grows from the front, what is immutable from the back.
  list.resize(2 * header_size + files->digest_bytes());
  std::size_t front = header_size, back = list.size();
  for (;;) {
    const auto next = files->next();
    if (!next) return std::unexpected(next.error());
    if (!*next) break;
    const RpmFile& file = **next;
    std::array<std::uint8_t, max_digest_size> digest;
    if (const std::size_t bad = from_hex(file.digest, digest.data()); bad != file.digest.size())
      return refuse(header.offset_of(file.digest) + bad, "a hexadecimal digit", "a byte " + std::to_string(static_cast<std::uint8_t>(file.digest[bad])));
    if (!file.has_content() || (conversion.wanted && !conversion.wanted(file))) continue;
    if (is_immutable(file, conversion.more_immutable_directories)) {
      back -= algo.size;
      std::copy_n(digest.begin(), algo.size, list.begin() + static_cast<std::ptrdiff_t>(back));
    } else if (!conversion.only_immutable) {
      std::copy_n(digest.begin(), algo.size, list.begin() + static_cast<std::ptrdiff_t>(front));
      front += algo.size;
    }
  }
  const std::span all(list);
  const std::size_t plain = sort_unique(all.subspan(header_size, front - header_size), algo.size);
  const std::size_t fixed = sort_unique(all.subspan(back), algo.size);
  std::size_t end = 0;
  if (plain != 0) {
    store_block_header(list.data(), conversion.type, 0, algo, static_cast<std::uint32_t>(plain / algo.size));
    end = header_size + plain;
  }
  if (fixed != 0) {
    store_block_header(list.data() + end, conversion.type, immutable, algo, static_cast<std::uint32_t>(fixed / algo.size));
    std::memmove(list.data() + end + header_size, list.data() + back, fixed);
    end += header_size + fixed;
  }
  list.resize(end);
  return {};
}

std::string make_rpm_list(std::string_view region, std::string_view signature) {
  std::string list(text_of(RpmHeader::magic));
  list += region;
  return signature.empty() ? list : append_signature(list, signature, SignatureKind::pgp);
}

}  // namespace diglim
