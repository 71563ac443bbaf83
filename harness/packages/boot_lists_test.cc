// SPDX-License-Identifier: GPL-2.0-or-later
#include "packages/boot_lists.h"

#include <gmock/gmock.h>

#include "format/list_name.h"

namespace diglab {
namespace {

using testing::ElementsAre;

TEST(TheLoadingOrder, is_the_kernels_and_etc_wins) {
  const auto list = [](std::string path, std::uint64_t size = 10) {
    PackagedFile file;
    file.path = std::move(path);
    file.mode = 0100444;
    file.size = size;
    return file;
  };
  Package package;
  package.files = {list("/usr/lib/diglim/0-file_list-compact-a-1.10"), list("/usr/lib/diglim/0-file_list-compact-a-1.9"),
                   list("/usr/lib/diglim/10-file_list-compact-last"),  list("/usr/lib/diglim/0-parser_list-compact-a-1.9"),
                   list("/usr/lib/diglim/0-file_list-compact-b-1"),    list("/usr/lib/diglim/0-file_list-compact-masked"),
                   list("/usr/lib/diglim/0-file_list-rpm-foreign-1"),  list("/usr/lib/diglim/README"),
                   list("/usr/lib/diglim/sub/0-file_list-compact-c")};
  Package administrator;
  administrator.files = {list("/etc/diglim/0-file_list-compact-b-1"), list("/etc/diglim/0-file_list-compact-masked", 0), list("/etc/diglim/2-file_list-compact-own")};
  const PackageSet installed({administrator, package});
  std::vector<std::string> paths;
  for (const PackagedFile* file : lists_in_loading_order(installed)) paths.push_back(file->path);
  EXPECT_THAT(paths, ElementsAre("/usr/lib/diglim/0-file_list-compact-a-1.9", "/usr/lib/diglim/0-file_list-compact-a-1.10", "/etc/diglim/0-file_list-compact-b-1",
                                 "/usr/lib/diglim/0-parser_list-compact-a-1.9", "/etc/diglim/2-file_list-compact-own", "/usr/lib/diglim/10-file_list-compact-last"));
}

// The same cases as the KUnit test of diglim_compare_names() and diglim_list_format().
TEST(TheNameOfAList, says_what_it_is) {
  const auto name = diglim::read_list_name("12-parser_list-rpm-bash-5.2");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->type, "parser");
  EXPECT_EQ(name->format, "rpm");
  for (const char* none : {"", "file_list-compact-a", "0-list-compact-a", "0-_list-compact-a", "0-file-compact-a", "0-file_list--a", "0-file_list-compact-", "0-file_list-compact", "x-file_list-compact-a"})
    EXPECT_FALSE(diglim::read_list_name(none)) << none;
}

TEST(TheNameOfAList, is_ordered_by_the_numbers_in_it) {
  const std::vector<std::string> ordered{"", "-", "0-a", "00-a", "0-b", "01-a", "1-a", "1-a-1.9", "1-a-1.10", "1-a-1.10-1", "1-a-2", "1-b", "2-a", "10-a",
                                         "99999999999999999999-a", "100000000000000000000-a", "a", "a1", "a\xff"};
  for (std::size_t i = 0; i < ordered.size(); ++i)
    for (std::size_t j = 0; j < ordered.size(); ++j)
      EXPECT_EQ(diglim::loads_before(ordered[i], ordered[j]), i < j) << ordered[i] << " and " << ordered[j];
}

}  // namespace
}  // namespace diglab
