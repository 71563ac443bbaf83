// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "attest/ima_ascii.h"
#include "attest/ima_template.h"
#include "attest/printable.h"

namespace diglab {
namespace {

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_uint(Bytes& out, ByteOrder order, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    std::size_t shift = 8 * (order == ByteOrder::little ? i : size - 1 - i);
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

Result<std::uint64_t> decimal(std::string_view text, std::uint64_t highest, std::string_view what) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > highest)
    return fail(ErrorKind::bad_input,
                fmt::format("{}: a number of 0 to {} expected, \"{}\" found", what, highest, printable(text, 40)));
  return value;
}

Result<Bytes> hexadecimal(std::string_view text, std::string_view what) {
  return TRY(from_hex(text), fmt::format("{} \"{}\"", what, printable(text, 40)));
}

/// "sha256:abcd" -> "sha256:" NUL digest.
Result<Bytes> tagged_digest(std::string_view text, std::string_view what) {
  std::size_t colon = text.rfind(':');
  std::string_view tag = colon == std::string_view::npos ? ":" : text.substr(0, colon + 1);
  Bytes bytes(tag.begin(), tag.end());
  bytes.push_back(0);
  append(bytes, TRY(hexadecimal(colon == std::string_view::npos ? text : text.substr(colon + 1), what)));
  return bytes;
}

/// `legacy`: of template ima, the only one whose names are stored without their NUL.
Result<Bytes> field_bytes(const std::string& name, std::string_view text, ByteOrder order, bool legacy) {
  FieldFormat format = format_of_field(name);
  // A name always has its NUL; of everything else nothing printed means nothing there.
  if (text.empty() && name != "n-ng" && name != "n") return Bytes();
  switch (format) {
    case FieldFormat::tagged_digest:
      return tagged_digest(text, name);
    case FieldFormat::string: {
      Bytes bytes(text.begin(), text.end());
      if (!legacy) bytes.push_back(0);
      return bytes;
    }
    case FieldFormat::uint: {
      std::size_t size = size_of_uint_field(name);
      Bytes bytes;
      append_uint(bytes, order, TRY(decimal(text, (std::uint64_t{1} << 8 * size) - 1, name)), size);
      return bytes;
    }
    case FieldFormat::digest:
    case FieldFormat::hex:
    case FieldFormat::unknown:
      break;
  }
  return hexadecimal(text, name);
}

constexpr std::array<std::string_view, 5> never_empty{"d", "d-ng", "d-ngv2", "n", "n-ng"};

/// The words between single spaces, as many as there are fields: surplus spaces can only be of the (first) name, as
/// kernels before 3.15 left them there; missing words at the end are empty fields whose spaces an editor removed. Any field
/// but a file's digest and its name may be empty: a file without signature, a buffer that is no file and has no owner.
Result<std::vector<std::string>> words_of(std::string_view text, const std::vector<std::string>& fields) {
  std::size_t count = 1 + static_cast<std::size_t>(std::ranges::count(text, ' '));
  std::size_t surplus = count > fields.size() ? count - fields.size() : 0;
  std::vector<std::string> words;
  std::size_t begin = 0;
  for (const std::string& field : fields) {
    if (begin > text.size()) {
      if (std::ranges::find(never_empty, field) != never_empty.end())
        return fail(ErrorKind::bad_input, fmt::format("the line ends before field {}", field));
      words.emplace_back();
      continue;
    }
    std::size_t end = std::min(text.find(' ', begin), text.size());
    for (; surplus > 0 && format_of_field(field) == FieldFormat::string; --surplus)
      end = std::min(text.find(' ', end + 1), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (surplus > 0) return fail(ErrorKind::bad_input, fmt::format("{} fields expected, {} found", fields.size(), count));
  return words;
}

Result<void> legacy_data(ImaEntry& entry) {
  const Bytes& digest = entry.fields[0].bytes;
  const Bytes& name = entry.fields[1].bytes;
  if (digest.size() != legacy_digest_size)
    return fail(ErrorKind::bad_input, fmt::format("a digest of {} bytes in template ima (20 expected)", digest.size()));
  if (name.size() >= legacy_name_size)
    return fail(ErrorKind::bad_input,
                fmt::format("a file name of {} bytes in template ima (at most 255)", name.size()));
  entry.template_data = digest;
  append(entry.template_data, name);
  entry.template_data.resize(legacy_digest_size + legacy_name_size, 0);
  return {};
}

Result<ImaEntry> parse_line(std::string_view line, ByteOrder order) {
  if (line.find('\0') != std::string_view::npos) return fail(ErrorKind::bad_input, "a NUL byte in a text log");
  auto next_word = [&](std::string_view what) -> Result<std::string_view> {
    std::size_t space = line.find(' ');
    if (space == std::string_view::npos)
      return fail(ErrorKind::bad_input, fmt::format("the line ends after the {}: \"{}\"", what, printable(line, 40)));
    std::string_view word = line.substr(0, space);
    line.remove_prefix(space + 1);
    return word;
  };
  if (line.starts_with(' ')) line.remove_prefix(1);  // "%2d"
  ImaEntry entry;
  entry.pcr = static_cast<std::uint32_t>(TRY(decimal(TRY(next_word("PCR number")), highest_ima_pcr, "PCR number")));
  entry.template_digest = TRY(hexadecimal(TRY(next_word("template digest")), "template digest"));
  entry.template_name = TRY(next_word("template name"));
  if (!is_template_name(entry.template_name))
    return fail(ErrorKind::bad_input, fmt::format("\"{}\" is no template name", printable(entry.template_name, 40)));
  auto names = fields_of_template(entry.template_name);
  if (!names)
    return fail(ErrorKind::bad_input,
                fmt::format("template \"{}\" is not known, so what was hashed cannot be rebuilt from text",
                            printable(entry.template_name, 40)));
  std::vector<std::string> words = TRY(words_of(line, *names));
  const bool legacy = entry.template_name == legacy_template;
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto bytes = TRY(field_bytes((*names)[i], words[i], order, legacy));
    entry.fields.push_back({(*names)[i], std::move(bytes)});
  }
  if (legacy) {
    TRY_VOID(legacy_data(entry));
    return entry;
  }
  for (const ImaField& field : entry.fields) {
    append_uint(entry.template_data, order, field.bytes.size(), 4);
    append(entry.template_data, field.bytes);
  }
  return entry;
}

Result<ImaLog> parse_lines(std::string_view text, ByteOrder order) {
  ImaLog log;
  log.byte_order = order;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string context = fmt::format("IMA log, line {} (entry {})", number, log.entries.size() + 1);
    ImaEntry entry = TRY(parse_line(text.substr(0, end), order), context);
    auto algorithm = hash_algorithm_of_size(entry.template_digest.size());
    if (!algorithm || (!log.entries.empty() && *algorithm != log.digest_algorithm))
      return fail(
          Error(ErrorKind::bad_input, fmt::format("a template digest of {} bytes", entry.template_digest.size()))
              .within(context));
    log.digest_algorithm = *algorithm;
    log.entries.push_back(std::move(entry));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return log;
}

}  // namespace

Result<ImaLog> parse_ascii_log(std::string_view text) {
  ImaLog log = TRY(parse_lines(text, ByteOrder::little));
  auto witness = std::ranges::find_if(log.entries, [](const ImaEntry& entry) { return !entry.violation(); });
  if (witness == log.entries.end()) return log;
  auto sound = [](const ImaEntry& entry, HashAlgorithm algorithm) {
    return hash(algorithm, {entry.template_data}) == entry.template_digest;
  };
  if (sound(*witness, log.digest_algorithm)) return log;
  ImaLog big = TRY(parse_lines(text, ByteOrder::big));
  return sound(big.entries[static_cast<std::size_t>(witness - log.entries.begin())], log.digest_algorithm) ? big : log;
}

}  // namespace diglab
