// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "attest/ima_log.h"
#include "attest/ima_template.h"
#include "attest/printable.h"

namespace diglab {
namespace {

Bytes copy_of(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

/// Reads one list, in one byte order and with one digest size, and remembers how far it came.
class BinaryParser {
 public:
  BinaryParser(ByteView bytes, ByteOrder order, HashAlgorithm algorithm) : reader_(bytes) {
    log.byte_order = order;
    log.digest_algorithm = algorithm;
  }

  Result<void> parse() {
    while (!reader_.at_end()) {
      std::size_t start = reader_.offset();
      log.entries.push_back(TRY(entry(), fmt::format("IMA log, entry {} at offset {}", log.entries.size() + 1, start)));
    }
    return {};
  }

  ImaLog log;

 private:
  Result<std::uint32_t> u32(ByteReader& reader, std::string_view what) const {
    return log.byte_order == ByteOrder::little ? reader.le32(what) : reader.be32(what);
  }

  Result<ImaEntry> entry() {
    ImaEntry entry;
    std::size_t at = reader_.offset();
    entry.pcr = TRY(u32(reader_, "PCR number"));
    if (entry.pcr > highest_ima_pcr)
      return fail(ErrorKind::bad_input,
                  fmt::format("offset {}: PCR number {} is above {}", at, entry.pcr, highest_ima_pcr));
    entry.template_digest = copy_of(TRY(reader_.take(digest_size(log.digest_algorithm), "template digest")));
    at = reader_.offset();
    std::uint32_t name_size = TRY(u32(reader_, "length of the template name"));
    if (name_size == 0 || name_size > longest_template_name)
      return fail(ErrorKind::bad_input, fmt::format("offset {}: a template name of {} bytes (1 to {} expected)", at,
                                                    name_size, longest_template_name));
    at = reader_.offset();
    entry.template_name = text_of(TRY(reader_.take(name_size, "template name")));
    if (!is_template_name(entry.template_name))
      return fail(ErrorKind::bad_input,
                  fmt::format("offset {}: \"{}\" is no template name", at, printable(entry.template_name, 40)));
    if (entry.template_name == legacy_template)
      TRY_VOID(legacy_data(entry));
    else
      TRY_VOID(data(entry));
    return entry;
  }

  Result<void> data(ImaEntry& entry) {
    std::uint32_t size = TRY(u32(reader_, "length of the template data"));
    std::size_t start = reader_.offset();
    ByteView data = TRY(reader_.take(size, "template data"));
    entry.template_data = copy_of(data);
    auto names = fields_of_template(entry.template_name);
    if (!names) return {};  // still replayable: the hash is over the data as a whole
    ByteReader fields(data);
    for (std::string& name : *names) {
      std::size_t at = start + fields.offset();
      auto length = u32(fields, name);
      if (!length)
        return fail(ErrorKind::bad_input, fmt::format("offset {}: the template data ends before field {}", at, name));
      auto bytes = fields.take(*length, name);
      if (!bytes)
        return fail(ErrorKind::bad_input,
                    fmt::format("offset {}: field {} claims {} bytes, {} are left in the template data", at, name,
                                *length, fields.remaining()));
      entry.fields.push_back({std::move(name), copy_of(*bytes)});
    }
    if (!fields.at_end())
      return fail(ErrorKind::bad_input, fmt::format("offset {}: {} bytes of template data after the last field",
                                                    start + fields.offset(), fields.remaining()));
    return {};
  }

  // No overall length, a digest without length and algorithm, a name that is hashed with padding but stored without.
  Result<void> legacy_data(ImaEntry& entry) {
    Bytes digest = copy_of(TRY(reader_.take(legacy_digest_size, "file digest")));
    std::size_t at = reader_.offset();
    std::uint32_t size = TRY(u32(reader_, "length of the file name"));
    if (size >= legacy_name_size)
      return fail(ErrorKind::bad_input, fmt::format("offset {}: a file name of {} bytes in template ima (at most {})",
                                                    at, size, legacy_name_size - 1));
    Bytes name = copy_of(TRY(reader_.take(size, "file name")));
    if (std::ranges::find(name, 0) != name.end())
      return fail(ErrorKind::bad_input, fmt::format("offset {}: a NUL in the file name", at + 4));
    entry.template_data = digest;
    entry.template_data.insert(entry.template_data.end(), name.begin(), name.end());
    entry.template_data.resize(legacy_digest_size + legacy_name_size, 0);
    entry.fields = {{"d", std::move(digest)}, {"n", std::move(name)}};
    return {};
  }

  ByteReader reader_;
};

void put_u32(Bytes& out, ByteOrder order, std::size_t value) {
  for (unsigned i = 0; i < 4; ++i)
    out.push_back(static_cast<std::uint8_t>(value >> (order == ByteOrder::little ? 8 * i : 24 - 8 * i)));
}

}  // namespace

Result<ImaLog> parse_binary_log(ByteView bytes) {
  // The list says neither its byte order nor its digest size. A wrong guess reads a length from the middle of a digest
  // and fails in the first entry, so the guess that came furthest is the one whose error is worth telling.
  std::optional<Error> best;
  std::size_t best_entries = 0;
  for (ByteOrder order : {ByteOrder::little, ByteOrder::big})
    for (HashAlgorithm algorithm : all_hash_algorithms) {
      BinaryParser parser(bytes, order, algorithm);
      auto result = parser.parse();
      if (result) return std::move(parser.log);
      if (!best || parser.log.entries.size() > best_entries) {
        best = std::move(result).error();
        best_entries = parser.log.entries.size();
      }
    }
  return fail(*std::move(best));
}

Bytes to_binary(const ImaLog& log) {
  Bytes out;
  auto put = [&](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  for (const ImaEntry& entry : log.entries) {
    put_u32(out, log.byte_order, entry.pcr);
    put(entry.template_digest);
    put_u32(out, log.byte_order, entry.template_name.size());
    put(view_of(entry.template_name));
    if (entry.template_name != legacy_template) {
      put_u32(out, log.byte_order, entry.template_data.size());
      put(entry.template_data);
      continue;
    }
    ByteView data = entry.template_data;
    put(data.first(std::min(legacy_digest_size, data.size())));
    std::string path = entry.path();
    put_u32(out, log.byte_order, path.size());
    put(view_of(path));
  }
  return out;
}

}  // namespace diglab
