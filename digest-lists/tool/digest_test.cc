// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

using ADigest = TestSystem;

TEST_F(ADigest, of_a_file_is_what_sha256sum_says) {
  put(outside("abc"), "abc");
  EXPECT_EQ(digest_of_file(outside("abc"), default_algorithm())->to_string(),
            "sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of("abc", *algorithm_named("sha3-256"))->to_string(),
            "sha3-256-3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  EXPECT_EQ(digest_of("abc", *algorithm_named("rmd160"))->to_string(), "rmd160-8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
}

TEST_F(ADigest, is_refused_for_what_is_no_file_and_for_what_openssl_cannot_do) {
  ASSERT_EQ(::mkfifo(outside("fifo").c_str(), 0600), 0);
  EXPECT_EQ(digest_of_file(outside("fifo"), default_algorithm()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(digest_of_file(outside(""), default_algorithm()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(digest_of_file(outside("none"), default_algorithm()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(digest_of("abc", *algorithm_named("tgr192")).error().kind(), ErrorKind::bad_input);
}

TEST_F(ADigest, of_a_file_that_changes_while_it_is_read_is_refused) {
  put(outside("file"), "content");
  fs::resize_file(outside("file"), 64 << 20);
  const std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::ofstream(outside("file"), std::ios::app) << "more";
  });
  while (fs::file_size(outside("file")) == 64 << 20) std::this_thread::yield();
  const auto refused = digest_of_file(outside("file"), default_algorithm());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().to_string().find("was changed while it was read"), std::string::npos);
}

TEST_F(ADigest, is_read_in_the_forms_that_people_paste) {
  const std::string hex(64, 'a');
  for (const auto& text : {"sha256-" + hex, "sha256:" + hex, hex}) {
    const auto digest = parse_digest(text);
    ASSERT_TRUE(digest) << text;
    EXPECT_EQ(digest->to_string(), "sha256-" + hex);
  }
  EXPECT_EQ(parse_digest("sha3-256-" + hex)->algorithm->name, "sha3-256");
  EXPECT_EQ(parse_digest(std::string(128, '0'))->algorithm->name, "sha512");
  for (const auto& text : {"sha256-" + hex + "a", "sha1-" + hex, "sha256-" + std::string(64, 'g'), std::string("crc-00"), std::string()})
    EXPECT_FALSE(parse_digest(text)) << text;
}

TEST_F(ADigest, of_an_unknown_algorithm_is_refused_with_those_that_there_are) {
  const auto refused = algorithm_called("crc32");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().to_string().find("sha3-512"), std::string::npos);
}

}  // namespace
}  // namespace diglim::tool
