// SPDX-License-Identifier: GPL-2.0-or-later
//
// Others that load lists, or change packages, where rpm with the plugin does.
#include <gmock/gmock.h>
#include <signal.h>

#include "test/transaction_fixture.h"

namespace diglim::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using InterferenceTest = TransactionTest;

TEST_F(InterferenceTest, what_a_parser_does_after_its_rpm_was_killed_is_settled_too) {
  expect_done({"-i", package(tool("1"))});
  put(root.kernel() / "slow", "");
  std::vector<std::string> words{"-i"};
  for (const std::string name : {"a", "b", "c", "d", "e", "f"}) words.push_back(package({.name = name, .files = {{"/opt/" + name, name}}}));
  const auto killed = run_stepped(root.rpm(words), {.before = {}, .after = [](const Call& call) {
    if (call.name == "start") ::kill(call.process, SIGKILL);
  }, .follow = false});
  EXPECT_EQ(killed.status, 128 + SIGKILL);
  const auto repaired = run(root.reconcile());
  EXPECT_EQ(repaired.status, 0) << repaired.output;
  EXPECT_THAT(repaired.output, HasSubstr("somebody else is loading or deleting lists; waiting"));
  EXPECT_THAT(root.loaded(), ElementsAre("tool-1-1.noarch"));
  fs::remove(root.kernel() / "slow");
  expect_converged();
}

TEST_F(InterferenceTest, what_others_load_while_it_is_settled_is_not_loaded_again) {
  expect_done({"-i", package(tool("1"))});
  bool loaded = false;
  const auto result = run_stepped(root.rpm({"-U", package(tool("2"))}), {.before = [&](const Call& call) {
    if (call.name == "unlink" && call.path.ends_with("0-file_list-rpm-tool-1-1.noarch")) {
      EXPECT_THAT(root.loaded(), ElementsAre("tool-2-1.noarch"));
      loaded = run({"env", "-i", root.path().parent_path() / "parser", "add", root.lists()}).status == 0;
    }
    return Then::go_on;
  }, .after = {}, .follow = false});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_TRUE(loaded);
  EXPECT_THAT(root.loaded(), ElementsAre("tool-2-1.noarch"));
  expect_converged();
}

TEST_F(InterferenceTest, packages_of_another_database_change_no_lists) {
  expect_done({"-i", package(tool("1"))});
  fs::create_directories(root.path() / "srv/rpm");
  root.macros.push_back("_dbpath /srv/rpm");
  const std::string refusal = "are of the packages of /var/lib/rpm, not of those of /srv/rpm, which get none";
  for (const bool interrupted : {false, true}) {
    if (interrupted) put(root.lists() / ".rpm/journal", "");
    for (const std::vector<std::string>& words : {std::vector<std::string>{"-i", "--justdb", package(tool("1")), package({.name = "other"})}, {"-e", "--justdb", "tool", "other"}}) {
      const auto result = rpm(words);
      EXPECT_EQ(result.status, 0);
      EXPECT_THAT(result.output, HasSubstr(refusal));
      EXPECT_TRUE(runs("program 1"));
    }
    fs::remove(root.lists() / ".rpm/journal");
    EXPECT_THAT(root.listed(), ElementsAre("tool-1-1.noarch"));
  }
  EXPECT_EQ(rpm({"-i", "--justdb", package({.name = "other"})}).status, 0);
  const auto repaired = run(root.reconcile());
  EXPECT_EQ(repaired.status, 1);
  EXPECT_THAT(repaired.output, HasSubstr(refusal));
  EXPECT_TRUE(runs("program 1"));
}

/// As releases of distributions do it.
TEST_F(InterferenceTest, a_database_that_moved_is_the_same) {
  expect_done({"-i", package(tool("1"))});
  const auto before = root.path() / "var/lib/rpm", now = root.path() / "usr/lib/sysimage/rpm";
  fs::create_directories(now.parent_path());
  fs::rename(before, now);
  for (const bool is_linked : {true, false}) {
    if (is_linked) fs::create_directory_symlink("../../usr/lib/sysimage/rpm", before);
    else fs::remove(before);
    root.macros.assign({"_diglim_kernel always", "_dbpath /usr/lib/sysimage/rpm"});
    expect_done({"-U", package(tool(is_linked ? "2" : "3"))});
    EXPECT_THAT(root.loaded(), ElementsAre(is_linked ? "tool-2-1.noarch" : "tool-3-1.noarch"));
    put(root.lists() / ".rpm/database", "/var/lib/rpm\n");
  }
}

}  // namespace
}  // namespace diglim::test
