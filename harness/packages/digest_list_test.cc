// SPDX-License-Identifier: GPL-2.0-or-later
#include "packages/digest_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

PackagedFile file_of(std::string path, std::uint32_t mode, char filler, std::uint64_t size = 10) {
  PackagedFile file;
  file.path = std::move(path);
  file.mode = 0100000 | mode;
  file.size = size;
  file.algorithm = "sha256";
  file.digest = std::string(64, filler);
  return file;
}

TEST(ADigestList, has_a_header_of_sixteen_bytes_before_the_digests) {
  const auto list = encode_digest_list({{.type = DigestBlock::file, .modifiers = DigestBlock::immutable, .algorithm = "sha256",
                                         .digests = {Bytes(32, 0xaa), Bytes(32, 0xbb)}}});
  ASSERT_TRUE(list) << list.error().to_string();
  EXPECT_EQ(to_hex(view_of(*list)), "0100" "0100" "0100" "0400" "02000000" "40000000" + to_hex(Bytes(32, 0xaa)) + to_hex(Bytes(32, 0xbb)));
}

TEST(ADigestList, refuses_what_the_kernel_would_refuse) {
  EXPECT_EQ(encode_digest_list({{.algorithm = "crc32", .digests = {}}}).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(encode_digest_list({{.algorithm = "sha256", .digests = {Bytes(20)}}}).error().kind(), ErrorKind::bad_input);
}

TEST(ADigestList, of_a_package_tells_programs_from_data_and_leaves_out_what_has_no_content) {
  Package package;
  package.name = "toy";
  auto ghost = file_of("/var/log/toy", 0644, '9');
  ghost.flags = 0x40;
  package.files = {file_of("/usr/bin/toy", 0755, '3'),           file_of("/usr/bin/again", 0755, '3'),
                   file_of("/usr/share/toy/data", 0644, '1'),    file_of("/usr/share/toy/empty", 0644, '8', 0),
                   file_of("/usr/lib/modules/6/a.ko", 0644, '2'), file_of("/usr/lib/modules/6/modules.dep", 0644, '4'),
                   ghost};
  const auto blocks = digest_blocks_of(package);
  ASSERT_TRUE(blocks);
  ASSERT_THAT(*blocks, SizeIs(2));
  EXPECT_EQ((*blocks)[0].modifiers, 0);
  EXPECT_THAT((*blocks)[0].digests, ElementsAre(Bytes(32, 0x11), Bytes(32, 0x44)));
  EXPECT_EQ((*blocks)[1].modifiers, DigestBlock::immutable);
  EXPECT_THAT((*blocks)[1].digests, ElementsAre(Bytes(32, 0x22), Bytes(32, 0x33)));
}

TEST(AnAppendedSignature, ends_in_its_length_and_the_marker) {
  const auto signed_file = append_signature("list", std::string(300, 's'), AppendedSignature::pgp);
  EXPECT_EQ(signed_file.size(), 4u + 300 + 12 + 28);
  EXPECT_EQ(to_hex(view_of(std::string_view(signed_file).substr(304, 12))), "000000000000000000" "00" "012c");
  EXPECT_TRUE(signed_file.ends_with("~Module signature appended~\n"));
  EXPECT_EQ(append_signature("x", "y", AppendedSignature::pkcs7)[2 + 2], 2);
}

}  // namespace
}  // namespace diglab
