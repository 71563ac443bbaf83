// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/rpm_header.h"

#include <algorithm>

namespace diglim {
namespace {

constexpr std::size_t intro_size = 16;       // magic and the two lengths
constexpr std::size_t index_entry_size = 16;
constexpr std::size_t region_size = 16;      // of the region's own data: an entry that points back to the first one
constexpr std::uint32_t max_entries = 0xffff, max_data = 0x0fffffff;  // as rpm has it

struct RawEntry {
  std::uint32_t tag, type, offset, count;
};

RawEntry raw_entry(ByteView bytes, std::size_t at) {
  return {load_be<std::uint32_t>(bytes, at), load_be<std::uint32_t>(bytes, at + 4), load_be<std::uint32_t>(bytes, at + 8),
          load_be<std::uint32_t>(bytes, at + 12)};
}

/// Of one element; of strings, what the shortest takes.
std::size_t element_size(RpmType type) {
  switch (type) {
    case RpmType::int16: return 2;
    case RpmType::int32: return 4;
    case RpmType::int64: return 8;
    default: return 1;
  }
}

std::string tag_text(std::uint32_t tag) {
  switch (static_cast<RpmTag>(tag)) {
    case RpmTag::immutable_region: return "HEADERIMMUTABLE";
    case RpmTag::file_sizes: return "FILESIZES";
    case RpmTag::file_modes: return "FILEMODES";
    case RpmTag::file_digests: return "FILEDIGESTS";
    case RpmTag::file_flags: return "FILEFLAGS";
    case RpmTag::directory_indexes: return "DIRINDEXES";
    case RpmTag::base_names: return "BASENAMES";
    case RpmTag::directory_names: return "DIRNAMES";
    case RpmTag::long_file_sizes: return "LONGFILESIZES";
    case RpmTag::file_digest_algorithm: return "FILEDIGESTALGO";
  }
  return "tag " + std::to_string(tag);
}

const char* type_text(RpmType type) {
  constexpr const char* names[] = {"null", "char", "int8", "int16", "int32", "int64", "string", "binary", "string array", "translated string"};
  return names[static_cast<std::size_t>(type)];
}

/// The first entry must be the region, its data the last ones, and these must say that it has all entries.
Result<void> check_region(ByteView header, const RawEntry& first, std::uint32_t entries, std::size_t data_start, std::uint32_t data_size) {
  if (first.tag != static_cast<std::uint32_t>(RpmTag::immutable_region))
    return refuse(intro_size, "HEADERIMMUTABLE (63) as the first tag", tag_text(first.tag));
  if (first.type != static_cast<std::uint32_t>(RpmType::binary) || first.count != region_size)
    return refuse(intro_size + 4, "a region of 16 bytes of type 7", std::to_string(first.count) + " of type " + std::to_string(first.type));
  if (data_size < region_size || first.offset != data_size - region_size)
    return refuse(intro_size + 8, "the region's description in the last 16 bytes", "offset " + std::to_string(first.offset) + " of " + std::to_string(data_size));
  const std::size_t at = data_start + first.offset;
  const RawEntry last = raw_entry(header, at);
  if (last.tag != first.tag || last.type != first.type || last.count != first.count)
    return refuse(at, "the description of the region once more", tag_text(last.tag) + ", type " + std::to_string(last.type));
  if (last.offset != 0 - entries * static_cast<std::uint32_t>(index_entry_size))
    return refuse(at + 8, "a region of all " + std::to_string(entries) + " entries",
                  "one that begins " + std::to_string(static_cast<std::int32_t>(last.offset)) + " bytes from the data");
  return {};
}

}  // namespace

std::size_t RpmHeader::data_start() const { return intro_size + std::size_t{entries_} * index_entry_size; }

Result<RpmHeader> RpmHeader::read(ByteView header) {
  if (header.size() < intro_size) return refuse(0, "an RPM header of at least 16 bytes", std::to_string(header.size()));
  if (!std::ranges::equal(header.first(sizeof magic), magic))
    return refuse(0, "the magic of an RPM header, " + to_hex(magic), to_hex(header.first(sizeof magic)));
  const auto entries = load_be<std::uint32_t>(header, 8);
  const auto data_size = load_be<std::uint32_t>(header, 12);
  if (entries == 0 || entries > max_entries) return refuse(8, "1 to 65535 entries", std::to_string(entries));
  if (data_size > max_data) return refuse(12, "at most 256 MiB of data", std::to_string(data_size));
  const std::size_t data_start = intro_size + std::size_t{entries} * index_entry_size;
  if (header.size() != data_start + data_size)
    return refuse(header.size(), "a header of " + std::to_string(data_start + data_size) + " bytes, as it says", std::to_string(header.size()));
  const RawEntry region = raw_entry(header, intro_size);
  if (const auto checked = check_region(header, region, entries, data_start, data_size); !checked) return std::unexpected(checked.error());
  std::uint64_t end = 0;  // of the data so far
  for (std::uint32_t i = 1; i < entries; ++i) {
    const std::size_t at = intro_size + i * index_entry_size;
    const RawEntry entry = raw_entry(header, at);
    if (entry.type < static_cast<std::uint32_t>(RpmType::character) || entry.type > static_cast<std::uint32_t>(RpmType::i18n_string))
      return refuse(at + 4, "a type from 1 to 9 for " + tag_text(entry.tag), std::to_string(entry.type));
    const auto type = static_cast<RpmType>(entry.type);
    if (entry.count == 0 || (type == RpmType::string && entry.count != 1))
      return refuse(at + 12, type == RpmType::string ? "one string" : "at least one element of " + tag_text(entry.tag), std::to_string(entry.count));
    const std::size_t size = element_size(type);
    if (entry.offset > region.offset)
      return refuse(at + 8, "data of " + tag_text(entry.tag) + " before offset " + std::to_string(region.offset), std::to_string(static_cast<std::int32_t>(entry.offset)));
    if (entry.offset % size != 0) return refuse(at + 8, "data of " + tag_text(entry.tag) + " at a multiple of " + std::to_string(size), std::to_string(entry.offset));
    if (entry.offset < end)
      return refuse(at + 8, "data of " + tag_text(entry.tag) + " behind those of the tag before it, which end at " + std::to_string(end), std::to_string(entry.offset));
    end = entry.offset + std::uint64_t{entry.count} * size;
    if (end > region.offset)
      return refuse(at + 12, "data of " + tag_text(entry.tag) + " that end before " + std::to_string(region.offset), std::to_string(entry.count) + " elements");
  }
  return RpmHeader(header, entries, data_start + region.offset);
}

Result<std::optional<RpmHeader::Entry>> RpmHeader::find(RpmTag tag, RpmType type) const {
  std::optional<Entry> found;
  for (std::uint32_t i = 1; i < entries_; ++i) {
    const std::size_t at = intro_size + i * index_entry_size;
    const RawEntry entry = raw_entry(header_, at);
    if (entry.tag != static_cast<std::uint32_t>(tag)) continue;
    if (found) return refuse(at, tag_text(entry.tag) + " once", "a second one");
    if (entry.type != static_cast<std::uint32_t>(type))
      return refuse(at + 4, tag_text(entry.tag) + " of type " + type_text(type), type_text(static_cast<RpmType>(entry.type)));
    const std::size_t start = data_start() + entry.offset;
    const std::size_t end = i + 1 < entries_ ? data_start() + raw_entry(header_, at + index_entry_size).offset : data_end_;
    found = Entry{.type = type, .count = entry.count, .data = header_.subspan(start, end - start), .offset = start};
  }
  return found;
}

}  // namespace diglim
