// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/rpm_list.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/source_directory.h"
#include "format/header_builder.h"
#include "format/signature.h"

namespace diglim {
namespace {

namespace fs = std::filesystem;

std::string digest_of(char c) { return std::string(64, c); }

/// The blocks of the list that a header becomes.
std::vector<Block> blocks_of(std::string_view bytes, const Conversion& conversion = {}) {
  const auto header = RpmHeader::read(bytes_of(bytes));
  EXPECT_TRUE(header) << header.error().to_string();
  std::vector<std::uint8_t> list(7, 0xee);  // of the one before
  const auto done = convert(*header, conversion, list);
  EXPECT_TRUE(done) << done.error().to_string();
  return decode(text_of(list)).value();
}
std::vector<std::string> digits_of(const Block& block) {
  std::vector<std::string> digits;
  for (const std::string& digest : block.digests) digits.push_back(to_hex(digest));
  return digits;
}
std::string read_whole(const fs::path& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}
const fs::path real_lists = diglab::source_directory() / "digest-lists/format/testdata/rpm";

TEST(APackage, becomes_a_block_of_data_and_one_of_what_is_immutable) {
  const auto blocks = blocks_of(sample_package({{"/usr/share/b", digest_of('b')},
                                                {"/usr/bin/tool", digest_of('4'), 0100755},
                                                {"/usr/share/a", digest_of('a')},
                                                {"/usr/share/read-only", digest_of('3'), 0100444},
                                                {"/usr/share/again", digest_of('a')}}).header());
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].type, file);
  EXPECT_EQ(blocks[0].modifiers, 0);
  EXPECT_EQ(blocks[0].algorithm, 4);
  EXPECT_EQ(digits_of(blocks[0]), (std::vector{digest_of('a'), digest_of('b')}));
  EXPECT_EQ(blocks[1].modifiers, immutable);
  EXPECT_EQ(digits_of(blocks[1]), (std::vector{digest_of('3'), digest_of('4')}));
}

TEST(APackage, has_no_block_that_would_be_empty) {
  EXPECT_TRUE(blocks_of(HeaderBuilder().text(1000, "meta").header()).empty());
  EXPECT_TRUE(blocks_of(sample_package({{"/usr/share/directory", "", 040755}}).header()).empty());
  EXPECT_EQ(blocks_of(sample_package({{"/usr/bin/tool", digest_of('1'), 0100755}}).header()).size(), 1u);
}

TEST(APackage, leaves_out_what_has_no_content) {
  auto package = sample_package({{"/usr/share/empty", digest_of('1'), 0100644, 0}, {"/var/log/ghost", digest_of('2')}, {"/usr/link", digest_of('3'), 0120777}, {"/a", digest_of('4')}});
  package.numbers(RpmTag::file_flags, RpmType::int32, {0, RpmFile::ghost, 0, 1});
  const auto blocks = blocks_of(package.header());
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(digits_of(blocks[0]), std::vector{digest_of('4')});
}

TEST(APackage, with_modules_firmware_and_libraries_has_them_immutable) {
  const auto immutable_at = [](const std::string& path, const Conversion& conversion = {}) {
    return blocks_of(sample_package({{path, digest_of('1')}}).header(), conversion).at(0).modifiers == immutable;
  };
  EXPECT_TRUE(immutable_at("/usr/lib/modules/6.12/kernel/a.ko"));
  EXPECT_FALSE(immutable_at("/usr/lib/modules/6.12/modules.dep"));
  EXPECT_FALSE(immutable_at("/usr/lib/modules-load.d/a.conf"));
  EXPECT_TRUE(immutable_at("/usr/lib/firmware/a.bin"));
  EXPECT_TRUE(immutable_at("/usr/libexec/sudo/sudoers.so"));
  EXPECT_TRUE(immutable_at("/usr/lib64/libz.so.1"));
  EXPECT_FALSE(immutable_at("/usr/lib/x86_64-linux-gnu/libz.so.1"));
  const std::vector<std::string> more = {"/x86_64-linux-gnu/"};
  EXPECT_TRUE(immutable_at("/usr/lib/x86_64-linux-gnu/libz.so.1", {.more_immutable_directories = more}));
}

TEST(AConversion, can_be_of_some_files_only) {
  const auto package = sample_package({{"/usr/bin/tool", digest_of('1'), 0100755}, {"/usr/share/data", digest_of('2')}}).header();
  const auto fixed = blocks_of(package, {.only_immutable = true});
  ASSERT_EQ(fixed.size(), 1u);
  EXPECT_EQ(fixed[0].modifiers, immutable);
  const auto parsers = blocks_of(package, {.type = parser, .wanted = [](const RpmFile& one) { return one.name == "tool"; }});
  ASSERT_EQ(parsers.size(), 1u);
  EXPECT_EQ(parsers[0].type, parser);
  EXPECT_EQ(digits_of(parsers[0]), std::vector{digest_of('1')});
}

TEST(AConversion, refuses_what_is_no_digit_with_its_place) {
  auto digest = digest_of('1');
  digest[5] = 'g';
  const auto bytes = sample_package({{"/a", digest}}).header();
  std::vector<std::uint8_t> list;
  const auto done = convert(*RpmHeader::read(bytes_of(bytes)), {}, list);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().to_string(), "offset " + std::to_string(bytes.find(digest) + 5) + ": expected a hexadecimal digit, found a byte 103");
}

TEST(AConversion, takes_digests_of_every_algorithm_that_rpm_has) {
  using Numbered = std::pair<std::uint32_t, std::string_view>;
  for (const auto& [number, name] : {Numbered{1, "md5"}, {2, "sha1"}, {3, "rmd160"}, {8, "sha256"}, {9, "sha384"}, {10, "sha512"}, {11, "sha224"}, {12, "sha3-256"}, {14, "sha3-512"}}) {
    const Algorithm& algo = *algorithm_of_pgp(number);
    EXPECT_EQ(algo.name, name);
    const std::string one(2 * algo.size, '1'), two(2 * algo.size, '2');
    auto package = sample_package({{"/b", two}, {"/a", one}, {"/c", two}});
    package.drop(RpmTag::file_digest_algorithm).numbers(RpmTag::file_digest_algorithm, RpmType::int32, {number});
    const auto blocks = blocks_of(package.header());
    ASSERT_EQ(blocks.size(), 1u) << algo.name;
    EXPECT_EQ(blocks[0].algorithm, algo.number);
    EXPECT_EQ(digits_of(blocks[0]), (std::vector{one, two}));
  }
}

TEST(AnRpmList, of_a_real_package_has_its_files_and_names_its_signature) {
  const auto bytes = read_whole(real_lists / "0-file_list-rpm-attr-2.5.1-4.x86_64");
  const auto parts = split_signature(bytes_of(bytes));
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->kind, SignatureKind::pgp);
  const auto signature = read_pgp_signature(parts->signature);
  ASSERT_TRUE(signature) << signature.error().to_string();
  EXPECT_TRUE(signature->to_string().starts_with("RSA signature, version 4, sha256, by key ")) << signature->to_string();
  const auto blocks = blocks_of(text_of(parts->content));
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].modifiers, immutable);
  // As rpm -q --dump has them: attr, getfattr and setfattr.
  EXPECT_EQ(digits_of(blocks[0]), (std::vector<std::string>{"8a890a47af2324d660d3c720822cdcb1b8aa36c4b3b0bf96253fc4512e7f026e",
                                                            "afbc13cbbf90f2b4e1d9190126e089f5a8ad8f98831d2fde15f888dda06d9060",
                                                            "e5ddf0a8641639727c315c97c58dca15315d125fb3d8ed85b147b24fccd268a4"}));
}

TEST(AnRpmList, of_every_real_package_here_can_be_read) {
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(real_lists)) {
    const auto bytes = read_whole(entry.path());
    const auto parts = split_signature(bytes_of(bytes));
    ASSERT_TRUE(parts && parts->kind) << entry.path();
    (void)blocks_of(text_of(parts->content));
    // As it was made.
    const auto content = text_of(parts->content);
    EXPECT_EQ(make_rpm_list(content.substr(8), text_of(parts->signature)), bytes);
    ++seen;
  }
  EXPECT_GE(seen, 3u);
}

}  // namespace
}  // namespace diglim
