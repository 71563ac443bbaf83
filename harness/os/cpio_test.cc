// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/cpio.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace diglab {
namespace {

/// One header of the format: Documentation/driver-api/early-userspace/buffer-format.rst of Linux.
struct Member {
  std::string name;
  unsigned long inode, mode, uid, gid, links, mtime;
  std::string data;
};

unsigned long field(const std::string& bytes, std::size_t at, int number) { return std::stoul(bytes.substr(at + 6 + 8 * static_cast<std::size_t>(number), 8), nullptr, 16); }

std::vector<Member> members_of(const std::string& bytes) {
  std::vector<Member> members;
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  for (std::size_t at = 0; at + 110 <= bytes.size() && bytes.substr(at, 6) == "070701";) {
    const auto name_size = field(bytes, at, 11);
    const auto data_at = padded(at + 110 + name_size);
    Member member{.name = bytes.substr(at + 110, name_size - 1), .inode = field(bytes, at, 0), .mode = field(bytes, at, 1), .uid = field(bytes, at, 2),
                  .gid = field(bytes, at, 3), .links = field(bytes, at, 4), .mtime = field(bytes, at, 5), .data = bytes.substr(data_at, field(bytes, at, 6))};
    at = padded(data_at + member.data.size());
    if (member.name == "TRAILER!!!") break;
    members.push_back(std::move(member));
  }
  return members;
}

const std::vector<CpioEntry> entries{{"usr", S_IFDIR | 0755, {}},
                                     {"usr/program", S_IFREG | 0755, "12345"},
                                     {"usr/same", S_IFREG | 0755, "12345"},
                                     {"init", S_IFLNK | 0777, "usr/program"}};

TEST(Cpio, HoldsWhatItWasGivenInThatOrder) {
  const auto bytes = cpio_of(entries);
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  const auto members = members_of(*bytes);
  ASSERT_EQ(members.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(members[i].name, entries[i].path);
    EXPECT_EQ(members[i].mode, entries[i].mode);
    EXPECT_EQ(members[i].data, entries[i].content);
    EXPECT_EQ(members[i].uid + members[i].gid + members[i].mtime, 0u);
    // The kernel makes hard links of files that share an inode and have several links.
    EXPECT_EQ(members[i].inode, i + 1);
    EXPECT_EQ(members[i].links, 1u);
  }
}

TEST(Cpio, IsTheSameEachTimeAndCanBeFollowedByAnother) {
  const std::string bytes = *cpio_of(entries);
  EXPECT_EQ(bytes, *cpio_of(entries));
  EXPECT_EQ(bytes.size() % 4, 0u);
  EXPECT_TRUE(members_of(*cpio_of({})).empty());
}

TEST(Cpio, RefusesWhatTheFormatHasNoRoomFor) {
  const auto nameless = cpio_of({{"", S_IFREG | 0644, "x"}});
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.error().kind(), ErrorKind::infra);
}

}  // namespace
}  // namespace diglab
