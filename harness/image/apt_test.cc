// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/apt.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(PrintUris, give_name_version_and_digest) {
  const std::string digest(64, 'a');
  const auto list = parse_print_uris(fmt::format("Reading...\n'http://x/p' libgmp10_2%3a6.2-1_amd64.deb 10 SHA256:{}\n'http://x/a' attr_1_all.deb 1 SHA256:{}\n", digest, digest));
  ASSERT_TRUE(list) << list.error().to_string();
  ASSERT_THAT(*list, SizeIs(2));
  EXPECT_EQ(list->front().name, "attr");
  EXPECT_EQ(list->back().version, "2:6.2-1");
  EXPECT_EQ(list->back().sha256, digest);
}

TEST(PrintUris, without_a_sha256_are_refused) {
  EXPECT_FALSE(parse_print_uris("'http://x/a' attr_1_all.deb 1 MD5Sum:00\n"));
  EXPECT_FALSE(parse_print_uris(fmt::format("'http://x/a' attr.deb 1 SHA256:{}\n", std::string(64, '0'))));
}

constexpr std::string_view targets =
    "http://a/debian/|bookworm|main|amd64\nhttp://a/debian/|bookworm-updates|main|amd64\n"
    "http://a/security/|bookworm-security|main|amd64\nhttp://b/|cloud-bookworm|main|amd64\nhttp://a/debian/|bookworm|main|i386\n";

TEST(Sources, of_another_suite_are_the_hosts_with_its_name_replaced) {
  const auto sources = sources_for(targets, "bookworm", "trixie");
  EXPECT_THAT(sources, HasSubstr("http://a/debian/ trixie main\n"));
  EXPECT_THAT(sources, HasSubstr("http://a/security/ trixie-security main\n"));
  EXPECT_THAT(sources, Not(HasSubstr("bookworm")));
  EXPECT_THAT(sources, Not(HasSubstr("http://b/")));
}

TEST(Sources, of_sid_are_the_archive_alone) {
  const auto sources = sources_for(targets, "bookworm", "sid");
  EXPECT_THAT(sources, HasSubstr("http://a/debian/ sid main\n"));
  EXPECT_THAT(sources, Not(HasSubstr("sid-")));
}

TEST(Sources, are_empty_where_the_host_names_no_archive) { EXPECT_EQ(sources_for("", "bookworm", "sid"), ""); }

}  // namespace
}  // namespace diglab
