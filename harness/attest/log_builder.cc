// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/log_builder.h"

#include <algorithm>

#include "attest/ima_template.h"

namespace diglab {

ImaEntry make_entry(std::uint32_t pcr, std::string template_name, const std::vector<Bytes>& fields,
                    ByteOrder byte_order, HashAlgorithm log_digest) {
  ImaEntry entry;
  entry.pcr = pcr;
  entry.template_name = std::move(template_name);
  std::vector<std::string> names = fields_of_template(entry.template_name).value_or(std::vector<std::string>());
  names.resize(fields.size());
  bool legacy = entry.template_name == legacy_template;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    entry.fields.push_back({names[i], fields[i]});
    for (unsigned byte = 0; byte < 4 && !legacy; ++byte)
      entry.template_data.push_back(
          static_cast<std::uint8_t>(fields[i].size() >> (byte_order == ByteOrder::little ? 8 * byte : 24 - 8 * byte)));
    entry.template_data.insert(entry.template_data.end(), fields[i].begin(), fields[i].end());
  }
  if (legacy) entry.template_data.resize(20 + 256, 0);
  entry.template_digest = hash(log_digest, {entry.template_data});
  return entry;
}

ImaEntry make_ima_ng_entry(std::uint32_t pcr, std::string_view algorithm, ByteView file_digest, std::string_view path) {
  return make_entry(pcr, "ima-ng", {tagged_digest_field(algorithm, file_digest), name_field(path)});
}

Bytes tagged_digest_field(std::string_view tag, ByteView digest) {
  Bytes field(tag.begin(), tag.end());
  field.push_back(':');
  field.push_back(0);
  field.insert(field.end(), digest.begin(), digest.end());
  return field;
}

Bytes name_field(std::string_view path) {
  Bytes field(path.begin(), path.end());
  std::ranges::replace(field, ' ', '_');
  field.push_back(0);
  return field;
}

ImaEntry as_violation(ImaEntry entry) {
  std::ranges::fill(entry.template_digest, 0);
  return entry;
}

}  // namespace diglab
