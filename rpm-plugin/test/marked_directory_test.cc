// SPDX-License-Identifier: GPL-2.0-or-later
//
// A directory of lists with the file `.immutable`, of which the parser loads only digests of immutable files.
#include <gmock/gmock.h>

#include "test/transaction_fixture.h"

namespace diglim::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using MarkedDirectoryTest = TransactionTest;

/// One of the files may be modified.
Recipe with_setting(const std::string& version) {
  auto recipe = tool(version);
  recipe.files["/opt/setting"] = "setting " + version;
  recipe.install = "chmod 644 %{buildroot}/opt/setting\n";
  return recipe;
}

TEST_F(MarkedDirectoryTest, only_immutable_files_come_and_go) {
  put(root.lists() / ".immutable", "");
  expect_done({"-i", package(with_setting("1"))});
  EXPECT_TRUE(runs("program 1"));
  EXPECT_FALSE(runs("setting 1"));
  expect_done({"-U", package(with_setting("2"))});
  EXPECT_TRUE(runs("program 2"));
  EXPECT_FALSE(runs("program 1"));
  auto rebuilt = with_setting("2");
  rebuilt.files["/opt/tool"] = "program 2, rebuilt";
  expect_done({"-U", "--replacepkgs", package(rebuilt)});
  EXPECT_TRUE(runs("program 2, rebuilt"));
  EXPECT_FALSE(runs("program 2"));
  expect_done({"-e", "tool"});
  EXPECT_THAT(root.loaded(), IsEmpty());
  EXPECT_THAT(root.listed(), ElementsAre(".immutable"));
}

TEST_F(MarkedDirectoryTest, what_was_loaded_before_it_was_marked_or_after_goes_with_its_package) {
  const auto mark = root.lists() / ".immutable";
  for (const bool marked_first : {false, true}) {
    if (marked_first) put(mark, "");
    expect_done({"-i", package(with_setting("1")), package({.name = "other", .files = {{"/opt/other", "other"}}})});
    EXPECT_NE(runs("setting 1"), marked_first);
    if (marked_first) fs::remove(mark);
    else put(mark, "");
    // Now the kernel has both.
    EXPECT_EQ(run(root.reconcile()).status, 0);
    expect_done({"-U", package(with_setting("2"))});
    EXPECT_EQ(runs("setting 2"), marked_first);
    EXPECT_FALSE(runs("setting 1"));
    EXPECT_FALSE(runs("program 1"));
    EXPECT_THAT(root.loaded(), ElementsAre("other-1-1.noarch", "tool-2-1.noarch"));
    expect_done({"-e", "tool", "other"});
    EXPECT_THAT(root.loaded(), IsEmpty());
    fs::remove(mark);
    EXPECT_THAT(root.listed(), IsEmpty());
  }
}

TEST_F(MarkedDirectoryTest, shared_digests_survive_one_of_their_packages) {
  put(root.lists() / ".immutable", "");
  auto one = with_setting("1");
  one.name = "one";
  expect_done({"-i", package(one)});
  expect_done({"-i", "--replacefiles", package(with_setting("1"))});
  expect_done({"-e", "one"});
  EXPECT_TRUE(runs("program 1"));
  expect_done({"-e", "tool"});
  EXPECT_THAT(root.loaded(), IsEmpty());
}

}  // namespace
}  // namespace diglim::test
