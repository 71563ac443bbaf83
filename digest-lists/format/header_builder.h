// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "format/rpm_header.h"

namespace diglim {

/// Makes headers as rpmbuild does, entry by entry, for tests and benchmarks; what it is told to put in is not looked at.
class HeaderBuilder {
 public:
  HeaderBuilder& strings(RpmTag tag, const std::vector<std::string>& values);
  HeaderBuilder& text(std::uint32_t tag, std::string_view value);
  /// As many bytes of each as the type has.
  HeaderBuilder& numbers(RpmTag tag, RpmType type, const std::vector<std::uint64_t>& values);
  HeaderBuilder& entry(std::uint32_t tag, RpmType type, std::uint32_t count, std::string_view data);
  HeaderBuilder& drop(RpmTag tag);

  /// With magic and region.
  [[nodiscard]] std::string header() const;

 private:
  struct Entry {
    RpmType type;
    std::uint32_t count;
    std::string data;
  };
  std::multimap<std::uint32_t, Entry> entries_;  ///< By tag.
};

struct SampleFile {
  std::string path;
  std::string digest;  ///< Hexadecimal.
  std::uint16_t mode = 0100644;
  std::uint64_t size = 10;
};

/// A package with these files and SHA-256 digests, to be changed further.
[[nodiscard]] HeaderBuilder sample_package(const std::vector<SampleFile>& files);

/// A package as large as the packages of a distribution are, for benchmarks: `files` files of random digests, and about 360 bytes of
/// header for each. The same seed gives the same header.
[[nodiscard]] std::string distribution_like_header(std::uint64_t seed, std::size_t files);

/// Where the index entry of a tag is in a header, to damage it. The header has it.
[[nodiscard]] std::size_t index_of(std::string_view header, RpmTag tag);

}  // namespace diglim
