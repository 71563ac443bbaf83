// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/rpm_header.h"

#include <gtest/gtest.h>

#include "format/header_builder.h"

namespace diglim {
namespace {

const std::string digest_a(64, 'a'), digest_b(64, 'b');

HeaderBuilder two_files() { return sample_package({{"/usr/bin/tool", digest_a, 0100755}, {"/usr/share/tool/data", digest_b}}); }

/// Why a header is refused, by whichever of the readers it is; "accepted".
std::string why_refused(std::string_view bytes) {
  const auto header = RpmHeader::read(bytes_of(bytes));
  if (!header) return header.error().to_string();
  auto files = RpmFiles::read(*header);
  if (!files) return files.error().to_string();
  for (;;) {
    const auto file = files->next();
    if (!file) return file.error().to_string();
    if (!*file) return "accepted";
  }
}

/// With another number in the index entry of a tag: at 0 tag, 4 type, 8 offset, 12 count.
std::string with_index(std::string header, RpmTag tag, std::size_t field, std::uint32_t value) {
  store(reinterpret_cast<std::uint8_t*>(header.data()) + index_of(header, tag) + field, value, std::endian::big);
  return header;
}
std::string with_number(std::string header, std::size_t at, std::uint32_t value) {
  store(reinterpret_cast<std::uint8_t*>(header.data()) + at, value, std::endian::big);
  return header;
}
std::uint32_t index_field(const std::string& header, RpmTag tag, std::size_t field) { return load_be<std::uint32_t>(bytes_of(header), index_of(header, tag) + field); }

TEST(AnRpmHeader, tells_its_files) {
  const auto bytes = two_files().header();
  const auto header = RpmHeader::read(bytes_of(bytes));
  ASSERT_TRUE(header) << header.error().to_string();
  auto files = RpmFiles::read(*header);
  ASSERT_TRUE(files) << files.error().to_string();
  EXPECT_EQ(files->count(), 2u);
  EXPECT_EQ(files->algorithm().name, "sha256");
  const auto first = files->next().value().value();
  EXPECT_EQ(first.directory, "/usr/bin/");
  EXPECT_EQ(first.name, "tool");
  EXPECT_EQ(first.digest, digest_a);
  EXPECT_EQ(first.mode, 0100755);
  EXPECT_EQ(first.size, 10u);
  EXPECT_TRUE(first.has_content());
  EXPECT_EQ(files->next().value().value().name, "data");
  EXPECT_FALSE(files->next().value());
}

TEST(AnRpmHeader, without_an_algorithm_means_md5) {
  const auto header = sample_package({{"/a", std::string(32, 'c')}}).drop(RpmTag::file_digest_algorithm).header();
  EXPECT_EQ(why_refused(header), "accepted");
  EXPECT_EQ(RpmFiles::read(*RpmHeader::read(bytes_of(header)))->algorithm().name, "md5");
}

TEST(AnRpmHeader, of_a_package_without_files_has_none) {
  const auto header = HeaderBuilder().text(1000, "meta").header();
  EXPECT_EQ(why_refused(header), "accepted");
  EXPECT_EQ(RpmFiles::read(*RpmHeader::read(bytes_of(header)))->count(), 0u);
}

TEST(AnRpmHeader, takes_sizes_of_64_bits) {
  const auto header = two_files().drop(RpmTag::file_sizes).numbers(RpmTag::long_file_sizes, RpmType::int64, {std::uint64_t{5} << 32, 1}).header();
  EXPECT_EQ(why_refused(header), "accepted");
  EXPECT_EQ(RpmFiles::read(*RpmHeader::read(bytes_of(header)))->next().value()->size, std::uint64_t{5} << 32);
}

TEST(AnRpmHeader, that_is_cut_anywhere_is_refused) {
  const auto header = two_files().header();
  for (std::size_t size = 0; size < header.size(); ++size) EXPECT_NE(why_refused(std::string_view(header).substr(0, size)), "accepted") << size;
  EXPECT_NE(why_refused(header + "x"), "accepted");
}

TEST(AnRpmHeader, of_another_magic_is_refused) {
  auto header = two_files().header();
  header[3] = 2;
  EXPECT_EQ(why_refused(header), "offset 0: expected the magic of an RPM header, 8eade80100000000, found 8eade80200000000");
}

TEST(AnRpmHeader, that_claims_other_sizes_than_it_has_is_refused) {
  const auto header = two_files().header();
  EXPECT_EQ(why_refused(with_number(header, 8, 0)), "offset 8: expected 1 to 65535 entries, found 0");
  EXPECT_EQ(why_refused(with_number(header, 8, 0xffffffff)), "offset 8: expected 1 to 65535 entries, found 4294967295");
  EXPECT_EQ(why_refused(with_number(header, 12, 0xfffffff0)), "offset 12: expected at most 256 MiB of data, found 4294967280");
  EXPECT_NE(why_refused(with_number(header, 12, 0x0fffffff)).find("as it says"), std::string::npos);
  EXPECT_NE(why_refused(with_number(header, 8, 65535)).find("as it says"), std::string::npos);
  EXPECT_NE(why_refused(header + "x").find("as it says"), std::string::npos) << "what nobody has signed";
}

TEST(AnRpmHeader, must_be_one_immutable_region) {
  const auto header = two_files().header();
  const auto region = RpmTag::immutable_region;
  EXPECT_EQ(why_refused(with_number(header, 16, 62)), "offset 16: expected HEADERIMMUTABLE (63) as the first tag, found tag 62");
  EXPECT_EQ(why_refused(with_index(header, region, 4, 6)), "offset 20: expected a region of 16 bytes of type 7, found 16 of type 6");
  EXPECT_EQ(why_refused(with_index(header, region, 12, 32)), "offset 20: expected a region of 16 bytes of type 7, found 32 of type 7");
  EXPECT_NE(why_refused(with_index(header, region, 8, 0)).find("the last 16 bytes, found offset 0"), std::string::npos) << "its own first data";
  EXPECT_NE(why_refused(with_index(header, region, 8, 0xffffff00)).find("the last 16 bytes"), std::string::npos) << "negative";
  const std::size_t end = header.size() - 16;
  EXPECT_NE(why_refused(with_number(header, end, 62)).find("once more"), std::string::npos);
  EXPECT_NE(why_refused(with_number(header, end + 8, static_cast<std::uint32_t>(-16))).find("a region of all"), std::string::npos) << "entries behind the region are not signed";
  EXPECT_NE(why_refused(with_number(header, end + 8, 0)).find("begins 0 bytes from the data"), std::string::npos) << "a region that is in itself";
  EXPECT_NE(why_refused(with_number(header, end + 8, 16)).find("a region of all"), std::string::npos);
}

TEST(AnRpmHeader, with_data_that_overlap_or_lie_outside_is_refused) {
  const auto header = two_files().header();
  const auto digests = RpmTag::file_digests;
  EXPECT_NE(why_refused(with_index(header, digests, 8, index_field(header, RpmTag::file_modes, 8))).find("behind those of the tag before it"), std::string::npos) << "overlap";
  EXPECT_NE(why_refused(with_index(header, RpmTag::base_names, 8, index_field(header, digests, 8))).find("behind those of the tag before it"), std::string::npos) << "cycle";
  EXPECT_NE(why_refused(with_index(header, digests, 8, 0xffffffff)).find("found -1"), std::string::npos) << "negative";
  EXPECT_NE(why_refused(with_index(header, digests, 8, 0x0fffffff)).find("before offset"), std::string::npos) << "oversized";
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_modes, 12, 0x40000000)).find("elements"), std::string::npos) << "oversized count";
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_sizes, 8, index_field(header, RpmTag::file_sizes, 8) + 1)).find("a multiple of 4"), std::string::npos);
}

TEST(AnRpmHeader, with_types_and_counts_that_cannot_be_is_refused) {
  const auto header = two_files().header();
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_modes, 4, 0)).find("a type from 1 to 9 for FILEMODES, found 0"), std::string::npos);
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_modes, 4, 10)).find("found 10"), std::string::npos);
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_modes, 4, 7)).find("FILEMODES of type int16, found binary"), std::string::npos);
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_modes, 12, 0)).find("at least one element"), std::string::npos);
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_modes, 12, 1)).find("2 elements of FILEMODES, as many as BASENAMES, found 1"), std::string::npos);
  EXPECT_NE(why_refused(with_index(header, RpmTag::base_names, 12, 3)).find("3 elements of DIRINDEXES"), std::string::npos);
  EXPECT_NE(why_refused(with_index(header, RpmTag::file_digest_algorithm, 0, 1036)), "accepted") << "then the digests are not those of md5";
}

TEST(AnRpmHeader, without_a_tag_that_goes_with_the_others_is_refused) {
  for (const auto& [tag, text] : {std::pair{RpmTag::base_names, "BASENAMES beside FILEDIGESTS"}, {RpmTag::directory_names, "DIRNAMES beside BASENAMES"},
                                  {RpmTag::directory_indexes, "DIRINDEXES beside BASENAMES"}, {RpmTag::file_modes, "FILEMODES beside BASENAMES"},
                                  {RpmTag::file_sizes, "FILESIZES beside BASENAMES"}, {RpmTag::file_digests, "FILEDIGESTS beside BASENAMES"}})
    EXPECT_EQ(why_refused(two_files().drop(tag).header()), std::string("offset 0: expected ") + text + ", found no such tag");
}

TEST(AnRpmHeader, with_a_tag_twice_is_refused) {
  EXPECT_NE(why_refused(two_files().numbers(RpmTag::file_modes, RpmType::int16, {1, 2}).header()).find("FILEMODES once, found a second one"), std::string::npos);
}

TEST(AnRpmHeader, with_digests_of_another_length_or_algorithm_is_refused) {
  const auto of = [](const std::string& digest, std::uint64_t algorithm) {
    return why_refused(sample_package({{"/a", digest}}).drop(RpmTag::file_digest_algorithm).numbers(RpmTag::file_digest_algorithm, RpmType::int32, {algorithm}).header());
  };
  EXPECT_NE(of(std::string(63, 'a'), 8).find("a digest of 64 digits for sha256, or none, found 63 characters"), std::string::npos);
  EXPECT_NE(of(std::string(65, 'a'), 8).find("found 65 characters"), std::string::npos);
  EXPECT_NE(of(std::string(64, 'a'), 10).find("a digest of 128 digits for sha512"), std::string::npos);
  EXPECT_NE(of(std::string(64, 'a'), 5).find("an algorithm of digests that the kernel knows, by its OpenPGP number, found 5"), std::string::npos);
  EXPECT_EQ(of(std::string(128, 'a'), 10), "accepted");
  EXPECT_EQ(of("", 8), "accepted");
}

TEST(AnRpmHeader, with_directories_that_are_not_there_is_refused) {
  const auto with_indexes = [](std::uint64_t second) { return two_files().drop(RpmTag::directory_indexes).numbers(RpmTag::directory_indexes, RpmType::int32, {0, second}).header(); };
  EXPECT_NE(why_refused(with_indexes(2)).find("an index below 2 in DIRINDEXES, found 2"), std::string::npos);
  EXPECT_NE(why_refused(with_indexes(0xffffffff)).find("found 4294967295"), std::string::npos);
  EXPECT_NE(why_refused(two_files().drop(RpmTag::directory_names).strings(RpmTag::directory_names, {"usr/", "/usr/"}).header()).find("begins and ends in a slash, found 'usr/'"), std::string::npos);
}

TEST(AnRpmHeader, with_strings_that_do_not_end_in_their_tag_is_refused) {
  const auto names = two_files().drop(RpmTag::base_names).entry(1117, RpmType::string_array, 2, std::string("tool\0data", 9));
  EXPECT_NE(why_refused(names.header()).find("a string of BASENAMES that ends before the next tag's data, found 4 bytes without an end"), std::string::npos);
  const auto digests = two_files().drop(RpmTag::file_digests).entry(1035, RpmType::string_array, 2, digest_a + '\0' + digest_b + "bbb");  // no padding behind it
  EXPECT_NE(why_refused(digests.header()).find("a string of FILEDIGESTS"), std::string::npos);
  const auto directories = two_files().drop(RpmTag::directory_names).entry(1118, RpmType::string_array, 2, std::string("/\0", 2));
  EXPECT_NE(why_refused(directories.header()).find("a string of DIRNAMES"), std::string::npos);
}

}  // namespace
}  // namespace diglim
