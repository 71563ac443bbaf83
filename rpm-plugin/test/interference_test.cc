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

}  // namespace
}  // namespace diglim::test
