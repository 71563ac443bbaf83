// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/initramfs_archive.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "os/cpio.h"
#include "tool/early_root.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class AnInitramfs : public TestSystem {
 protected:
  Result<ArchivedFiles> read(std::string_view bytes, const std::function<bool(std::string_view)>& wanted = [](auto) { return true; }) {
    return read_initramfs(bytes, "initrd", wanted, processes_);
  }
  std::string gzip(const std::string& bytes) { return processes_.check({"gzip", "-c"}, {.deadline = {}, .input = bytes, .on_line = {}})->out; }
};

std::string archive(const std::vector<diglab::CpioEntry>& entries) {
  return *diglab::cpio_of(entries);
}

/// One member, written by hand.
std::string member(const std::string& name, std::uint32_t mode, const std::string& content, unsigned inode = 1, unsigned links = 1) {
  std::string bytes = fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", inode, mode, 0, 0, links, 0,
                                  content.size(), 8, 1, 0, 0, name.size() + 1, 0);
  bytes += name + std::string(1, '\0');
  bytes.resize((bytes.size() + 3) / 4 * 4);
  bytes += content;
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}
std::string trailer() {
  return member("TRAILER!!!", 0, "");
}

TEST_F(AnInitramfs, is_all_of_its_archives_the_last_of_which_may_be_compressed) {
  const auto first = archive({{"etc", 040755, ""}, {"etc/a", 0100644, "old"}, {"etc/b", 0120777, "a"}});
  const auto second = archive({{"etc/a", 0100600, "new"}, {"etc/c", 0100644, "c"}});
  for (const auto& bytes : {first + second, first + std::string(512, '\0') + second, first + gzip(second), gzip(first + second), gzip(first) + gzip(second)}) {
    const auto files = read(bytes);
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_EQ(files->size(), 4u);
    EXPECT_EQ(files->at("/etc/a").content, "new");
    EXPECT_EQ(files->at("/etc/a").mode, 0100600u);
    EXPECT_EQ(files->at("/etc/b").content, "a");
    EXPECT_TRUE(S_ISDIR(files->at("/etc").mode));
  }
  EXPECT_EQ(read(first + second, [](std::string_view path) { return path == "/etc/c"; })->count("/etc/a"), 0u);
  EXPECT_TRUE(read("")->empty());
}

TEST_F(AnInitramfs, has_files_with_several_names) {
  for (const auto& bytes : {member("a", 0100644, "", 7, 2) + member("b", 0100644, "same", 7, 2) + member("c", 0100644, "", 8) + trailer(),
                            member("a", 0100644, "same", 7, 2) + member("b", 0100644, "", 7, 2) + member("c", 0100644, "", 8) + trailer()}) {
    const auto files = read(bytes);
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_EQ(files->at("/a").content, "same");
    EXPECT_EQ(files->at("/b").content, "same");
    EXPECT_EQ(files->at("/c").content, "");
  }
  // Numbers of inodes are those of one archive.
  EXPECT_EQ(read(member("a", 0100644, "", 7, 2) + trailer() + member("b", 0100644, "b", 7, 2) + trailer())->at("/a").content, "");
}

TEST_F(AnInitramfs, that_ends_too_early_or_is_none_is_refused) {
  const auto whole = member("a", 0100644, "content") + trailer();
  // The zeros behind the last name are no loss.
  for (std::size_t size = 1; size < whole.size() - 3; ++size) {
    const auto files = read(whole.substr(0, size));
    ASSERT_FALSE(files) << size;
    EXPECT_EQ(files.error().kind(), ErrorKind::bad_input);
  }
  auto huge = member("a", 0100644, "content");
  huge.replace(6 + 8 * 6, 8, "ffffffff");
  EXPECT_THAT(read(huge).error().to_string(), HasSubstr("initrd: at byte 112: expected 4294967295 bytes, the content of a member, found 8"));
  auto letters = whole;
  letters[8] = 'x';
  EXPECT_THAT(read(letters).error().to_string(), HasSubstr("initrd: at byte 6: expected eight hexadecimal digits"));
  EXPECT_THAT(read("neither").error().to_string(), HasSubstr("expected a cpio archive, compressed or not"));
  EXPECT_THAT(read("\x1f\x8b damaged").error().to_string(), HasSubstr("initrd: gzip: "));
  EXPECT_THAT(read(gzip(whole + "neither")).error().to_string(), HasSubstr("initrd, decompressed: at byte 244: expected a cpio archive"));
  EXPECT_FALSE(read(gzip(whole) + whole));
}

TEST_F(AnInitramfs, stays_below_where_it_is_unpacked) {
  const std::string list = "0-file_list-compact-a", outside_directory = outside("elsewhere").string();
  fs::create_directory(outside_directory);
  put(outside("initrd"), archive({{"link", 0120777, outside_directory},
                                  {"up", 0120777, "../../../.." + outside_directory},
                                  {"link/" + list, 0100644, "1"},
                                  {"up/" + list, 0100644, "2"},
                                  {"../" + list, 0100644, "3"},
                                  {"usr/lib/" + list, 0120777, outside_directory + "/" + list}}));
  const auto early = EarlyRoot::unpack({{outside("initrd")}}, {}, processes_);
  ASSERT_TRUE(early) << early.error().to_string();
  EXPECT_EQ(files_in(outside_directory), 0u);
  EXPECT_EQ(get(early->files()("/" + list)), "3");
  EXPECT_EQ(get(early->files()("/usr/lib/" + list)), "2");
}

}  // namespace
}  // namespace diglim::tool
