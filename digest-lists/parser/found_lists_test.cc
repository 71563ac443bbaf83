// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/found_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parser/fakes.h"

namespace diglim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FoundLists : public testing::Test {
 protected:
  const Finding& find(std::vector<std::string> paths) {
    finding = find_lists(paths, log, standard);
    return finding;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& list : finding.lists) all.push_back(list.path().substr(scratch.path.string().size() + 1));
    return all;
  }

  ScratchDirectory scratch;
  std::string vendor = (scratch.path / "usr").string(), administrator = (scratch.path / "etc").string();
  std::vector<std::string_view> standard = {vendor, administrator};
  FakeLog log;
  Finding finding;
};

TEST_F(FoundLists, are_in_the_kernels_order) {
  for (const char* name : {"usr/10-file_list-rpm-a", "usr/9-file_list-rpm-z", "usr/9-file_list-rpm-b-1.10", "usr/9-file_list-rpm-b-1.9"}) scratch.put(name, "x");
  find({vendor});
  EXPECT_THAT(names(), ElementsAre("usr/9-file_list-rpm-b-1.9", "usr/9-file_list-rpm-b-1.10", "usr/9-file_list-rpm-z", "usr/10-file_list-rpm-a"));
  EXPECT_THAT(log.errors, IsEmpty());
}

TEST_F(FoundLists, of_the_administrator_win_over_the_vendors) {
  scratch.put("usr/0-file_list-rpm-a", "x");
  scratch.put("usr/0-file_list-rpm-b", "x");
  scratch.put("etc/0-file_list-rpm-b", "x");
  find({administrator, vendor});
  EXPECT_THAT(names(), ElementsAre("usr/0-file_list-rpm-a", "etc/0-file_list-rpm-b")) << "whatever is said first";
  // As the kernel does it, one directory after the other.
  find({vendor});
  EXPECT_THAT(names(), ElementsAre("usr/0-file_list-rpm-a"));
  find({administrator});
  EXPECT_THAT(names(), ElementsAre("etc/0-file_list-rpm-b"));
}

TEST_F(FoundLists, can_be_masked) {
  for (const char* name : {"usr/0-file_list-rpm-a", "usr/0-file_list-rpm-b", "usr/0-file_list-rpm-c"}) scratch.put(name, "x");
  scratch.put("etc/0-file_list-rpm-a", "");
  std::filesystem::create_symlink("/dev/null", scratch.path / "etc/0-file_list-rpm-b");
  find({vendor, administrator});
  EXPECT_THAT(names(), ElementsAre("usr/0-file_list-rpm-c"));
  EXPECT_EQ(finding.refused, 0u);
}

TEST_F(FoundLists, of_other_directories_win_over_earlier_ones) {
  scratch.put("one/0-file_list-rpm-a", "x");
  scratch.put("two/0-file_list-rpm-a", "x");
  find({(scratch.path / "one").string(), (scratch.path / "two/").string()});
  EXPECT_THAT(names(), ElementsAre("two/0-file_list-rpm-a"));
}

TEST_F(FoundLists, are_not_what_is_named_otherwise) {
  for (const char* name : {"usr/README", "usr/.immutable", "usr/0-file_list-compact-a", "usr/below/0-file_list-rpm-a"}) scratch.put(name, "x");
  find({vendor});
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(finding.refused, 0u);
}

TEST_F(FoundLists, in_a_format_that_nobody_knows_are_refused_by_name) {
  scratch.put("usr/0-file_list-deb-a", "x");
  scratch.put("usr/0-parser_list-rpm-a", "x");
  scratch.put("usr/0-file_list-rpm-a", "x");
  find({vendor});
  EXPECT_THAT(names(), ElementsAre("usr/0-file_list-rpm-a"));
  EXPECT_EQ(finding.refused, 2u);
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("0-file_list-deb-a: no list in this format can be converted"), HasSubstr("0-parser_list-rpm-a: an RPM header can only be a file_list")));
}

TEST_F(FoundLists, can_be_given_one_by_one) {
  const auto list = scratch.put("0-file_list-rpm-a", "x");
  find({list});
  EXPECT_THAT(names(), ElementsAre("0-file_list-rpm-a"));
  find({scratch.put("a", "x"), scratch.put("0-file_list-compact-a", "x"), (scratch.path / "absent").string()});
  EXPECT_EQ(finding.refused, 3u);
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("absent: No such file or directory"), HasSubstr("the name is not"), HasSubstr("digest_list_add")));
}

TEST_F(FoundLists, behind_a_symbolic_link_are_found) {
  scratch.put("real/0-file_list-rpm-a", "x");
  std::filesystem::create_directory_symlink(scratch.path / "real", scratch.path / "link");
  find({(scratch.path / "link").string()});
  EXPECT_THAT(names(), ElementsAre("link/0-file_list-rpm-a"));
}

TEST_F(FoundLists, in_a_link_to_itself_are_refused) {
  std::filesystem::create_symlink(scratch.path / "loop", scratch.path / "loop");
  find({(scratch.path / "loop").string()});
  EXPECT_EQ(finding.refused, 1u);
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("loop: Too many levels of symbolic links")));
}

TEST_F(FoundLists, in_a_directory_that_cannot_be_read_are_refused_and_others_are_found) {
  scratch.put("usr/0-file_list-rpm-a", "x");
  scratch.put("etc/0-file_list-rpm-b", "x");
  std::filesystem::permissions(vendor, std::filesystem::perms::none);
  std::filesystem::permissions(scratch.path, std::filesystem::perms(0755));
  // Root reads everything: another user tries.
  if (::geteuid() == 0 && ::seteuid(65534) != 0) GTEST_SKIP() << "not on this machine: no other user";
  find({vendor, administrator});
  (void)!::seteuid(::getuid());
  std::filesystem::permissions(vendor, std::filesystem::perms::owner_all);
  EXPECT_THAT(names(), ElementsAre("etc/0-file_list-rpm-b"));
  EXPECT_EQ(finding.refused, 1u);
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("usr: Permission denied")));
}

}  // namespace
}  // namespace diglim
