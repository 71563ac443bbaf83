// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstring>

#include "format/rpm_header.h"

namespace diglim {
namespace {

constexpr std::uint32_t md5_of_pgp = 1;  // What headers without FILEDIGESTALGO mean.

/// Length of the string that `bytes` begin with, or nothing if it does not end in them.
std::optional<std::size_t> string_length(ByteView bytes) {
  const void* end = bytes.empty() ? nullptr : std::memchr(bytes.data(), 0, bytes.size());
  if (end == nullptr) return std::nullopt;
  return static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - bytes.data());
}

/// Takes the first string of an array off its bytes.
Result<std::string_view> take_string(ByteView& bytes, std::size_t& offset, const char* tag) {
  const auto length = string_length(bytes);
  if (!length) return refuse(offset, std::string("a string of ") + tag + " that ends before the next tag's data", std::to_string(bytes.size()) + " bytes without an end");
  const auto text = text_of(bytes.first(*length));
  bytes = bytes.subspan(*length + 1);
  offset += *length + 1;
  return text;
}

/// An entry that must be there, and one for each file.
Result<RpmHeader::Entry> find_one_each(const RpmHeader& header, RpmTag tag, RpmType type, std::uint32_t count, const char* name) {
  const auto entry = header.find(tag, type);
  if (!entry) return std::unexpected(entry.error());
  if (!*entry) return refuse(0, std::string(name) + " beside BASENAMES", "no such tag");
  if ((*entry)->count != count)
    return refuse((*entry)->offset, std::to_string(count) + " elements of " + name + ", as many as BASENAMES", std::to_string((*entry)->count));
  return **entry;
}

Result<const Algorithm*> find_algorithm(const RpmHeader& header) {
  const auto entry = header.find(RpmTag::file_digest_algorithm, RpmType::int32);
  if (!entry) return std::unexpected(entry.error());
  const auto number = *entry ? load_be<std::uint32_t>((*entry)->data, 0) : md5_of_pgp;
  const Algorithm* algo = algorithm_of_pgp(number);
  if (algo == nullptr)
    return refuse(*entry ? (*entry)->offset : 0, "an algorithm of digests that the kernel knows, by its OpenPGP number", std::to_string(number));
  return algo;
}

/// Files of 4 GiB and more make rpm write all sizes in 64 bits.
Result<RpmHeader::Entry> find_sizes(const RpmHeader& header, std::uint32_t count) {
  const auto longs = header.find(RpmTag::long_file_sizes, RpmType::int64);
  if (!longs) return std::unexpected(longs.error());
  if (*longs) return find_one_each(header, RpmTag::long_file_sizes, RpmType::int64, count, "LONGFILESIZES");
  return find_one_each(header, RpmTag::file_sizes, RpmType::int32, count, "FILESIZES");
}

Result<std::vector<std::uint32_t>> starts_of(const RpmHeader::Entry& directories) {
  std::vector<std::uint32_t> starts;
  starts.reserve(directories.count + 1);
  ByteView left = directories.data;
  std::size_t offset = directories.offset;
  for (std::uint32_t i = 0; i < directories.count; ++i) {
    const std::size_t start = offset;
    const auto name = take_string(left, offset, "DIRNAMES");
    if (!name) return std::unexpected(name.error());
    if (!name->starts_with('/') || !name->ends_with('/')) return refuse(start, "a directory that begins and ends in a slash", "'" + std::string(name->substr(0, 80)) + "'");
    starts.push_back(static_cast<std::uint32_t>(start - directories.offset));
  }
  starts.push_back(static_cast<std::uint32_t>(offset - directories.offset));
  return starts;
}

}  // namespace

Result<RpmFiles> RpmFiles::read(const RpmHeader& header) {
  RpmFiles files;
  const auto algo = find_algorithm(header);
  if (!algo) return std::unexpected(algo.error());
  files.algorithm_ = *algo;
  const auto names = header.find(RpmTag::base_names, RpmType::string_array);
  if (!names) return std::unexpected(names.error());
  if (!*names) {
    const auto digests = header.find(RpmTag::file_digests, RpmType::string_array);
    if (!digests) return std::unexpected(digests.error());
    if (*digests) return refuse(0, "BASENAMES beside FILEDIGESTS", "no such tag");
    return files;
  }
  files.count_ = (*names)->count;
  const auto directories = header.find(RpmTag::directory_names, RpmType::string_array);
  if (!directories) return std::unexpected(directories.error());
  if (!*directories) return refuse(0, "DIRNAMES beside BASENAMES", "no such tag");
  auto starts = starts_of(**directories);
  if (!starts) return std::unexpected(starts.error());
  const auto indexes = find_one_each(header, RpmTag::directory_indexes, RpmType::int32, files.count_, "DIRINDEXES");
  if (!indexes) return std::unexpected(indexes.error());
  const auto modes = find_one_each(header, RpmTag::file_modes, RpmType::int16, files.count_, "FILEMODES");
  if (!modes) return std::unexpected(modes.error());
  const auto sizes = find_sizes(header, files.count_);
  if (!sizes) return std::unexpected(sizes.error());
  const auto digests = find_one_each(header, RpmTag::file_digests, RpmType::string_array, files.count_, "FILEDIGESTS");
  if (!digests) return std::unexpected(digests.error());
  const auto flags = header.find(RpmTag::file_flags, RpmType::int32);
  if (!flags) return std::unexpected(flags.error());
  if (*flags) {
    const auto each = find_one_each(header, RpmTag::file_flags, RpmType::int32, files.count_, "FILEFLAGS");
    if (!each) return std::unexpected(each.error());
    files.flags_ = *each;
  }
  files.indexes_ = *indexes;
  files.modes_ = *modes;
  files.sizes_ = *sizes;
  files.directories_ = (*directories)->data;
  files.directory_starts_ = *std::move(starts);
  files.names_ = (*names)->data;
  files.names_offset_ = (*names)->offset;
  files.digests_ = digests->data;
  files.digests_offset_ = digests->offset;
  return files;
}

Result<std::optional<RpmFile>> RpmFiles::next() {
  if (next_ == count_) return std::optional<RpmFile>{};
  const std::size_t i = next_;
  RpmFile file;
  const auto index = load_be<std::uint32_t>(indexes_.data, 4 * i);
  if (index >= directory_starts_.size() - 1)
    return refuse(indexes_.offset + 4 * i, "an index below " + std::to_string(directory_starts_.size() - 1) + " in DIRINDEXES", std::to_string(index));
  file.directory = text_of(directories_.subspan(directory_starts_[index], directory_starts_[index + 1] - directory_starts_[index] - 1));
  const auto name = take_string(names_, names_offset_, "BASENAMES");
  if (!name) return std::unexpected(name.error());
  file.name = *name;
  const std::size_t digest_at = digests_offset_;
  const auto digest = take_string(digests_, digests_offset_, "FILEDIGESTS");
  if (!digest) return std::unexpected(digest.error());
  if (!digest->empty() && digest->size() != 2 * algorithm_->size)
    return refuse(digest_at, "a digest of " + std::to_string(2 * algorithm_->size) + " digits for " + std::string(algorithm_->name) + ", or none",
                  std::to_string(digest->size()) + " characters");
  file.digest = *digest;
  file.mode = load_be<std::uint16_t>(modes_.data, 2 * i);
  if (!flags_.data.empty()) file.flags = load_be<std::uint32_t>(flags_.data, 4 * i);
  file.size = sizes_.type == RpmType::int64 ? load_be<std::uint64_t>(sizes_.data, 8 * i) : load_be<std::uint32_t>(sizes_.data, 4 * i);
  ++next_;
  return file;
}

}  // namespace diglim
