// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/ima_ascii.h"

#include <fmt/format.h>

#include <algorithm>

#include "attest/ima_template.h"
#include "attest/printable.h"

namespace diglab {
namespace {

std::string_view until_nul(ByteView bytes) {
  std::string_view text = text_of(bytes);
  return text.substr(0, text.find('\0'));
}

std::string show_uint(ByteView bytes, ByteOrder order) {
  if (bytes.size() != 1 && bytes.size() != 2 && bytes.size() != 4 && bytes.size() != 8) return {};
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value = value << 8 | bytes[order == ByteOrder::big ? i : bytes.size() - 1 - i];
  return std::to_string(value);
}

// As ima_show_template_data_ascii: the text up to NUL, then what follows the last colon and the NUL.
std::string show_tagged_digest(ByteView bytes) {
  std::string_view tag = until_nul(bytes);
  std::size_t colon = tag.rfind(':');
  if (colon == std::string_view::npos || colon + 2 > bytes.size()) return "(malformed)" + to_hex(bytes);
  std::string text = colon == 0 ? std::string() : std::string(tag);
  return text + to_hex(bytes.subspan(colon + 2));
}

std::string show(const ImaField& field, ByteOrder order) {
  if (field.bytes.empty()) return {};
  switch (format_of_field(field.name)) {
    case FieldFormat::tagged_digest:
      return show_tagged_digest(field.bytes);
    case FieldFormat::string:
      return std::string(until_nul(field.bytes));
    case FieldFormat::uint:
      return show_uint(field.bytes, order);
    case FieldFormat::digest:
    case FieldFormat::hex:
    case FieldFormat::unknown:
      break;
  }
  return to_hex(field.bytes);
}

/// Where two texts part, with a little of each.
std::string first_difference(std::string_view binary, std::string_view ascii) {
  auto at = static_cast<std::size_t>(std::ranges::mismatch(binary, ascii).in1 - binary.begin());
  std::size_t from = at < 12 ? 0 : at - 12;
  auto piece = [&](std::string_view text) { return from < text.size() ? printable(text.substr(from), 60) : "(end)"; };
  return fmt::format("at column {} the binary form gives \"{}\", the text has \"{}\"", at + 1, piece(binary),
                     piece(ascii));
}

}  // namespace

std::string to_ascii(const ImaEntry& entry, ByteOrder byte_order) {
  std::string line = fmt::format("{:2} {} {}", entry.pcr, to_hex(entry.template_digest), entry.template_name);
  for (const ImaField& field : entry.fields) line += " " + show(field, byte_order);
  return line + "\n";
}

std::string to_ascii(const ImaLog& log) {
  std::string text;
  for (const ImaEntry& entry : log.entries) text += to_ascii(entry, log.byte_order);
  return text;
}

std::optional<FormDifference> compare_forms(const ImaLog& binary, std::string_view ascii) {
  std::size_t line = 1;
  for (std::size_t i = 0; i < binary.entries.size(); ++i) {
    if (ascii.empty())
      return FormDifference{.entry = i,
                            .line = line,
                            .only_longer = true,
                            .detail = fmt::format("the binary form has {} more entries", binary.entries.size() - i)};
    std::string expected = to_ascii(binary.entries[i], binary.byte_order);
    std::string_view expected_line(expected);
    if (ascii == expected_line.substr(0, expected_line.size() - 1))
      ascii = {};  // the last newline got lost on the way
    else if (ascii.starts_with(expected_line))
      ascii.remove_prefix(expected_line.size());
    else
      return FormDifference{.entry = i,
                            .line = line,
                            .only_longer = false,
                            .detail = first_difference(expected_line.substr(0, expected_line.size() - 1),
                                                       ascii.substr(0, ascii.find('\n')))};
    line += static_cast<std::size_t>(std::ranges::count(expected, '\n'));
  }
  if (ascii.empty()) return std::nullopt;
  return FormDifference{.entry = binary.entries.size(),
                        .line = line,
                        .only_longer = true,
                        .detail = fmt::format("the text has more entries, first \"{}\"",
                                              printable(ascii.substr(0, ascii.find('\n')), 60))};
}

Result<ImaLog> parse_log(ByteView bytes) {
  // A binary list begins with a 32-bit PCR number below 64: three of its first four bytes are NUL.
  ByteView start = bytes.first(std::min<std::size_t>(4, bytes.size()));
  if (std::ranges::find(start, std::uint8_t{0}) != start.end()) return parse_binary_log(bytes);
  if (!bytes.empty() && bytes[0] != ' ' && (bytes[0] < '0' || bytes[0] > '9'))
    return fail(ErrorKind::bad_input, "offset 0: neither a binary nor an ASCII IMA log");
  return parse_ascii_log(text_of(bytes));
}

}  // namespace diglab
