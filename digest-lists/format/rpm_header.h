// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/algorithm.h"
#include "format/bytes.h"
#include "format/format_error.h"

namespace diglim {

/// What is read of a header (rpm's rpmtag.h).
enum class RpmTag : std::uint32_t {
  immutable_region = 63,
  file_sizes = 1028,
  file_modes = 1030,
  file_digests = 1035,
  file_flags = 1037,
  directory_indexes = 1116,
  base_names = 1117,
  directory_names = 1118,
  long_file_sizes = 5008,
  file_digest_algorithm = 5011,
};

enum class RpmType : std::uint32_t { character = 1, int8, int16, int32, int64, string, binary, string_array, i18n_string };

/// The immutable region of an RPM header, as it is signed: 8 bytes of magic, the number of entries and the length of their data
/// (big-endian, 4 bytes each), the index of 16 bytes an entry, and the data. The first entry is the region itself.
class RpmHeader {
 public:
  /// One entry of the index, with the bytes that are its own: up to where the next one's begin.
  struct Entry {
    RpmType type;
    std::uint32_t count;
    ByteView data;
    std::size_t offset;  ///< Of the data, in the header.
  };

  /// Refuses a header in which data overlap, are not where they may be or not aligned, and one that is more or less than one region.
  [[nodiscard]] static Result<RpmHeader> read(ByteView header);

  static constexpr std::uint8_t magic[] = {0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0};

  /// Where something that was read from this header is in it.
  [[nodiscard]] std::size_t offset_of(std::string_view part) const { return static_cast<std::size_t>(bytes_of(part).data() - header_.data()); }

  /// Nothing: there is none. Refuses one of another type, and one that is there twice.
  [[nodiscard]] Result<std::optional<Entry>> find(RpmTag tag, RpmType type) const;

 private:
  RpmHeader(ByteView header, std::uint32_t entries, std::size_t data_end) : header_(header), entries_(entries), data_end_(data_end) {}

  [[nodiscard]] std::size_t data_start() const;

  ByteView header_;
  std::uint32_t entries_;
  std::size_t data_end_;  ///< Where the region's own description begins.
};

/// One path of a package.
struct RpmFile {
  std::string_view directory;  ///< Begins and ends in a slash.
  std::string_view name;
  std::string_view digest;     ///< Hexadecimal, of the length that the algorithm has; empty: no digest.
  std::uint16_t mode = 0;      ///< st_mode: type and permissions.
  std::uint32_t flags = 0;     ///< rpmfileAttrs
  std::uint64_t size = 0;

  /// Of a regular file that the package brings, with content: the others have no digest that could be asked for.
  [[nodiscard]] bool has_content() const { return (mode & 0170000) == 0100000 && (flags & ghost) == 0 && size != 0 && !digest.empty(); }

  static constexpr std::uint32_t ghost = 0x40;
};

/// The paths of a package, one after the other. Allocates four bytes for each directory that the header names.
class RpmFiles {
 public:
  /// Refuses tags that do not fit together. A header with none of them is that of a package without files.
  [[nodiscard]] static Result<RpmFiles> read(const RpmHeader& header);

  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// What all digests can take as raw bytes, at most.
  [[nodiscard]] std::size_t digest_bytes() const { return digests_.size() / 2; }
  /// Of the files' digests.
  [[nodiscard]] const Algorithm& algorithm() const { return *algorithm_; }

  /// Nothing: that was the last.
  Result<std::optional<RpmFile>> next();

 private:
  RpmFiles() = default;

  std::uint32_t count_ = 0;
  std::uint32_t next_ = 0;
  const Algorithm* algorithm_ = nullptr;
  RpmHeader::Entry modes_{}, sizes_{}, flags_{}, indexes_{};  // flags_: without data if there is none
  ByteView directories_;
  std::vector<std::uint32_t> directory_starts_;               // in directories_; one more: its end
  ByteView names_, digests_;                                  // what was not read yet
  std::size_t names_offset_ = 0, digests_offset_ = 0;         // where that is in the header
};

}  // namespace diglim
