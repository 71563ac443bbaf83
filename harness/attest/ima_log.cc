// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/ima_log.h"

#include <algorithm>

namespace diglab {

bool ImaEntry::violation() const {
  return std::ranges::all_of(template_digest, [](std::uint8_t byte) { return byte == 0; });
}

const Bytes* ImaEntry::field(std::string_view name) const {
  auto found = std::ranges::find(fields, name, &ImaField::name);
  return found == fields.end() ? nullptr : &found->bytes;
}

std::optional<FileDigest> parse_tagged_digest(ByteView field) {
  auto nul = std::ranges::find(field, std::uint8_t{0});
  if (nul == field.end()) return std::nullopt;
  auto size = static_cast<std::size_t>(nul - field.begin());
  std::string_view tag = text_of(field.first(size));
  if (tag.empty() || tag.back() != ':') return std::nullopt;
  tag.remove_suffix(1);
  FileDigest digest;
  if (std::size_t colon = tag.rfind(':'); colon != std::string_view::npos) {
    digest.type = tag.substr(0, colon);
    tag.remove_prefix(colon + 1);
  }
  digest.algorithm = tag;
  ByteView bytes = field.subspan(size + 1);
  digest.bytes.assign(bytes.begin(), bytes.end());
  return digest;
}

std::optional<FileDigest> ImaEntry::file_digest() const {
  for (std::string_view name : {"d-ng", "d-ngv2"})
    if (const Bytes* bytes = field(name)) return parse_tagged_digest(*bytes);
  if (const Bytes* bytes = field("d")) return FileDigest{.type = {}, .algorithm = {}, .bytes = *bytes};
  return std::nullopt;
}

std::string ImaEntry::path() const {
  for (std::string_view name : {"n-ng", "n"})
    if (const Bytes* bytes = field(name)) {
      std::string_view text = text_of(*bytes);
      return std::string(text.substr(0, text.find('\0')));
    }
  return {};
}

}  // namespace diglab
