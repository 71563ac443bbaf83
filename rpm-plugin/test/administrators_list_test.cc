// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the administrator has in a directory of his own, beside the lists of packages.
#include <gmock/gmock.h>

#include "test/transaction_fixture.h"

namespace diglim::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using AdministratorsListTest = TransactionTest;

TEST_F(AdministratorsListTest, a_list_of_the_administrator_counts_instead) {
  put(root.path() / "etc/diglim/0-file_list-rpm-tool-1-1.noarch", "");
  expect_done({"-i", package(tool("1"))});
  EXPECT_THAT(root.loaded(), IsEmpty());
  EXPECT_THAT(root.listed(), ElementsAre("tool-1-1.noarch"));
  expect_done({"-e", "tool"});
  EXPECT_THAT(root.kernel_log(), IsEmpty());
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(AdministratorsListTest, what_the_administrator_hid_after_it_was_loaded_goes_with_its_package) {
  expect_done({"-i", package(tool("1"))});
  put(root.path() / "etc/diglim/0-file_list-rpm-tool-1-1.noarch", "");
  expect_done({"-e", "tool"});
  EXPECT_THAT(root.loaded(), IsEmpty());
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(AdministratorsListTest, of_a_list_of_the_administrator_that_hides_another_package_is_told) {
  auto rebuilt = tool("1");
  rebuilt.files["/opt/tool"] = "program 1, rebuilt";
  expect_done({"-i", package(tool("1"))});
  fs::create_directories(root.path() / "etc/diglim");
  fs::copy(root.lists() / "0-file_list-rpm-tool-1-1.noarch", root.path() / "etc/diglim/0-file_list-rpm-tool-1-1.noarch");
  expect_done({"-U", "--replacepkgs", package(tool("1"))});
  const auto result = rpm({"-U", "--replacepkgs", package(rebuilt)});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("0-file_list-rpm-tool-1-1.noarch: another list of this name in"));
}

TEST_F(AdministratorsListTest, lists_of_the_administrator_survive_packages_of_the_same_content) {
  const auto mine = root.path() / "etc/diglim/0-file_list-rpm-mine";
  fs::create_directories(mine.parent_path());
  for (const bool is_link : {false, true}) {
    expect_done({"-i", package(tool("1"))});
    const auto copy = is_link ? root.path() / "srv/mine" : mine;
    fs::create_directories(copy.parent_path());
    fs::copy(root.lists() / "0-file_list-rpm-tool-1-1.noarch", copy);
    if (is_link) fs::create_symlink("../../srv/mine", mine);
    expect_done({"-e", "tool"});
    EXPECT_TRUE(runs("program 1")) << is_link;
    fs::remove(mine);
    expect_done({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}})});
    expect_done({"-e", "other"});
    EXPECT_FALSE(runs("program 1"));
  }
}

/// Whoever cannot see what there is must not conclude that there is nothing.
TEST_F(AdministratorsListTest, nothing_is_deleted_while_a_directory_cannot_be_listed) {
  const auto without_capabilities = [&](const std::vector<std::string>& words) {
    auto all = root.rpm(words);
    all.insert(all.begin(), {"setpriv", "--bounding-set=-dac_override,-dac_read_search"});
    return run(all);
  };
  expect_done({"-i", package(tool("1"))});
  const auto administrator = root.path() / "etc/diglim";
  fs::create_directories(administrator);
  fs::copy(root.lists() / "0-file_list-rpm-tool-1-1.noarch", administrator / "0-file_list-rpm-mine");
  for (const auto& directory : {root.lists(), administrator}) {
    fs::permissions(directory, fs::perms(0300));
    const auto result = without_capabilities({"-e", "tool"});
    fs::permissions(directory, fs::perms(0755));
    EXPECT_THAT(result.output, HasSubstr("cannot list " + directory.native() + ": Permission denied"));
    EXPECT_TRUE(runs("program 1")) << result.output;
    EXPECT_EQ(root.installed().empty(), directory == administrator) << result.output;
  }
  EXPECT_EQ(rpm({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}})}).status, 0);
  EXPECT_TRUE(runs("program 1"));
  EXPECT_FALSE(fs::exists(root.lists() / ".rpm/journal"));
}

}  // namespace
}  // namespace diglim::test
