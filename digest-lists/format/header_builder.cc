// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/header_builder.h"

#include <algorithm>
#include <random>

namespace diglim {
namespace {

std::size_t alignment_of(RpmType type) {
  switch (type) {
    case RpmType::int16: return 2;
    case RpmType::int32: return 4;
    case RpmType::int64: return 8;
    default: return 1;
  }
}

void put(std::string& out, std::uint64_t number, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xff);
}

void put_entry(std::string& out, std::uint32_t tag, RpmType type, std::uint32_t offset, std::uint32_t count) {
  for (const std::uint32_t number : {tag, static_cast<std::uint32_t>(type), offset, count}) put(out, number, 4);
}

}  // namespace

HeaderBuilder& HeaderBuilder::entry(std::uint32_t tag, RpmType type, std::uint32_t count, std::string_view data) {
  entries_.insert({tag, {type, count, std::string(data)}});
  return *this;
}

HeaderBuilder& HeaderBuilder::strings(RpmTag tag, const std::vector<std::string>& values) {
  std::string data;
  for (const std::string& value : values) data += value + '\0';
  return entry(static_cast<std::uint32_t>(tag), RpmType::string_array, static_cast<std::uint32_t>(values.size()), data);
}

HeaderBuilder& HeaderBuilder::text(std::uint32_t tag, std::string_view value) {
  return entry(tag, RpmType::string, 1, std::string(value) + '\0');
}

HeaderBuilder& HeaderBuilder::numbers(RpmTag tag, RpmType type, const std::vector<std::uint64_t>& values) {
  std::string data;
  for (const auto value : values) put(data, value, alignment_of(type));
  return entry(static_cast<std::uint32_t>(tag), type, static_cast<std::uint32_t>(values.size()), data);
}

HeaderBuilder& HeaderBuilder::drop(RpmTag tag) {
  entries_.erase(static_cast<std::uint32_t>(tag));
  return *this;
}

std::string HeaderBuilder::header() const {
  std::string index, data;
  for (const auto& [tag, one] : entries_) {
    data.resize((data.size() + alignment_of(one.type) - 1) / alignment_of(one.type) * alignment_of(one.type));
    put_entry(index, tag, one.type, static_cast<std::uint32_t>(data.size()), one.count);
    data += one.data;
  }
  const auto entries = static_cast<std::uint32_t>(entries_.size() + 1);
  const auto region = static_cast<std::uint32_t>(RpmTag::immutable_region);
  std::string out(text_of(RpmHeader::magic));
  put(out, entries, 4);
  put(out, data.size() + 16, 4);
  put_entry(out, region, RpmType::binary, static_cast<std::uint32_t>(data.size()), 16);
  out += index + data;
  put_entry(out, region, RpmType::binary, 0 - 16 * entries, 16);
  return out;
}

HeaderBuilder sample_package(const std::vector<SampleFile>& files) {
  std::vector<std::string> directories, names, digests;
  std::vector<std::uint64_t> indexes, modes, sizes;
  for (const SampleFile& file : files) {
    const auto slash = file.path.rfind('/') + 1;
    const auto directory = file.path.substr(0, slash);
    const auto found = std::ranges::find(directories, directory);
    indexes.push_back(static_cast<std::uint64_t>(found - directories.begin()));
    if (found == directories.end()) directories.push_back(directory);
    names.push_back(file.path.substr(slash));
    digests.push_back(file.digest);
    modes.push_back(file.mode);
    sizes.push_back(file.size);
  }
  HeaderBuilder builder;
  builder.text(1000, "sample").text(1001, "1.0").text(1002, "1");
  builder.numbers(RpmTag::file_sizes, RpmType::int32, sizes).numbers(RpmTag::file_modes, RpmType::int16, modes);
  builder.strings(RpmTag::file_digests, digests).numbers(RpmTag::directory_indexes, RpmType::int32, indexes);
  builder.strings(RpmTag::base_names, names).strings(RpmTag::directory_names, directories);
  return builder.numbers(RpmTag::file_digest_algorithm, RpmType::int32, {8});
}

std::string distribution_like_header(std::uint64_t seed, std::size_t files) {
  constexpr std::string_view directories[] = {"/usr/bin/", "/usr/lib64/sample/plugins/", "/usr/share/doc/sample/", "/usr/share/locale/xx/LC_MESSAGES/",
                                              "/usr/lib/python3.12/site-packages/sample/", "/usr/share/man/man1/"};
  constexpr std::size_t rest_of_header = 260;  // a file: links, owners, times, inodes, classes, languages, dependencies; of the package: texts
  std::mt19937_64 random(seed);
  std::vector<SampleFile> all;
  for (std::size_t i = 0; i < files; ++i) {
    std::string digest(32, '\0');
    for (char& c : digest) c = static_cast<char>(random());
    const auto where = i * std::size(directories) / files;
    all.push_back({.path = std::string(directories[where]) + "file-with-a-name-" + std::to_string(i), .digest = to_hex(digest),
                   .mode = static_cast<std::uint16_t>(where == 0 ? 0100755 : 0100644)});
  }
  auto builder = sample_package(all);
  std::vector<std::string> users(files, "root");
  builder.entry(1039, RpmType::string_array, static_cast<std::uint32_t>(files), [&] {
    std::string data;
    for (const auto& user : users) data += user + '\0';
    return data;
  }());
  builder.entry(1005, RpmType::binary, static_cast<std::uint32_t>(rest_of_header * files), std::string(rest_of_header * files, '\x11'));
  return builder.header();
}

std::size_t index_of(std::string_view header, RpmTag tag) {
  std::size_t at = 16;
  while (load_be<std::uint32_t>(bytes_of(header), at) != static_cast<std::uint32_t>(tag)) at += 16;
  return at;
}

}  // namespace diglim
