// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/ima_template.h"

#include <algorithm>
#include <array>
#include <utility>

namespace diglab {
namespace {

// Linux 6.12, security/integrity/ima/ima_template.c. mntuidmap is of the kernels that carry the field's patch.
constexpr std::array<std::pair<std::string_view, FieldFormat>, 17> known_fields{{
    {"d", FieldFormat::digest},
    {"n", FieldFormat::string},
    {"d-ng", FieldFormat::tagged_digest},
    {"d-ngv2", FieldFormat::tagged_digest},
    {"n-ng", FieldFormat::string},
    {"sig", FieldFormat::hex},
    {"buf", FieldFormat::hex},
    {"d-modsig", FieldFormat::tagged_digest},
    {"modsig", FieldFormat::hex},
    {"evmsig", FieldFormat::hex},
    {"iuid", FieldFormat::uint},
    {"igid", FieldFormat::uint},
    {"imode", FieldFormat::uint},
    {"xattrnames", FieldFormat::string},
    {"xattrlengths", FieldFormat::hex},
    {"xattrvalues", FieldFormat::hex},
    {"mntuidmap", FieldFormat::hex},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> known_templates{{
    {"ima", "d|n"},
    {"ima-ng", "d-ng|n-ng"},
    {"ima-sig", "d-ng|n-ng|sig"},
    {"ima-ngv2", "d-ngv2|n-ng"},
    {"ima-sigv2", "d-ngv2|n-ng|sig"},
    {"ima-buf", "d-ng|n-ng|buf"},
    {"ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig"},
    {"evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"},
}};

std::vector<std::string> split(std::string_view format) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    std::size_t bar = format.find('|', begin);
    parts.emplace_back(format.substr(begin, bar - begin));
    if (bar == std::string_view::npos) return parts;
    begin = bar + 1;
  }
}

}  // namespace

FieldFormat format_of_field(std::string_view field) {
  for (const auto& [name, format] : known_fields)
    if (name == field) return format;
  return FieldFormat::unknown;
}

bool is_template_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_template_name &&
         std::ranges::none_of(name, [](char c) { return c <= ' ' || c > '~'; });
}

std::size_t size_of_uint_field(std::string_view field) {
  return field == "imode" ? 2 : 4;
}

std::optional<std::vector<std::string>> fields_of_template(std::string_view template_name) {
  for (const auto& [name, format] : known_templates)
    if (name == template_name) return split(format);
  // A custom format is a list of fields. One bare word is a format only if it is a field's name.
  if (template_name.find('|') == std::string_view::npos && format_of_field(template_name) == FieldFormat::unknown)
    return std::nullopt;
  std::vector<std::string> fields = split(template_name);
  if (std::ranges::any_of(fields, [](const std::string& field) { return field.empty(); })) return std::nullopt;
  return fields;
}

}  // namespace diglab
