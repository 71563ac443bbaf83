// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/signature.h"

namespace diglim {
namespace {

constexpr std::string_view marker = "~Module signature appended~\n";
constexpr std::size_t trailer_size = 12;

// In struct module_signature.
constexpr std::size_t kind_at = 2, length_at = 8;

}  // namespace

Result<SignedFile> split_signature(ByteView file) {
  if (!text_of(file).ends_with(marker)) return SignedFile{.content = file, .kind = {}, .signature = {}};
  std::size_t left = file.size() - marker.size();
  if (left < trailer_size) return refuse(0, "12 bytes that describe the signature before the marker", std::to_string(left) + " bytes");
  left -= trailer_size;
  const ByteView trailer = file.subspan(left, trailer_size);
  for (std::size_t i = 0; i < length_at; ++i)
    if (i != kind_at && trailer[i] != 0) return refuse(left + i, "0 in the description of the signature", std::to_string(trailer[i]));
  const std::uint8_t kind = trailer[kind_at];
  if (kind != static_cast<std::uint8_t>(SignatureKind::pgp) && kind != static_cast<std::uint8_t>(SignatureKind::pkcs7))
    return refuse(left + kind_at, "a signature of kind 0 (PGP) or 2 (PKCS#7)", kind == 1 ? "1 (X.509)" : std::to_string(kind));
  const auto length = load_be<std::uint32_t>(trailer, length_at);
  if (length > left)
    return refuse(left + length_at, "a signature of at most the " + std::to_string(left) + " bytes before it", std::to_string(length) + " bytes");
  return SignedFile{.content = file.first(left - length), .kind = static_cast<SignatureKind>(kind), .signature = file.subspan(left - length, length)};
}

std::string append_signature(std::string_view content, std::string_view signature, SignatureKind kind) {
  std::uint8_t trailer[trailer_size] = {};
  trailer[kind_at] = static_cast<std::uint8_t>(kind);
  store(trailer + length_at, static_cast<std::uint32_t>(signature.size()), std::endian::big);
  std::string out;
  out.reserve(content.size() + signature.size() + trailer_size + marker.size());
  out += content;
  out += signature;
  out += text_of(trailer);
  out += marker;
  return out;
}

}  // namespace diglim
