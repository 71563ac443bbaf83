// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packages that bring lists in the kernel's own format. The kernel is what it was last told to add and to delete.
#include <gmock/gmock.h>
#include <signal.h>

#include "test/transaction_fixture.h"

namespace diglim::test {
namespace {

using testing::Contains;
using testing::Not;

Recipe listing(const std::string& version, const std::string& name, const std::string& content) {
  return {.name = "listing", .version = version, .files = {{"/usr/lib/diglim/0-file_list-compact-" + name, content}, {"/opt/own", "own"}}};
}

class NativeListTest : public TransactionTest {
 protected:
  NativeListTest() {
    for (const char* file : {"digest_list_add", "digest_list_del"}) put(root.kernel() / file, "");
  }
  /// The path that the kernel was last told since this was asked for.
  std::string told(const char* file) {
    const std::string path = content_of(root.kernel() / file);
    put(root.kernel() / file, "");
    return path;
  }
  void expect_nothing_kept() { EXPECT_THAT(root.listed(), Not(Contains(testing::AnyOf(testing::StartsWith(".rpm/native"), testing::StartsWith(".rpm/early"))))); }
  [[nodiscard]] std::string list(const std::string& name) const { return root.lists() / ("0-file_list-compact-" + name); }
  [[nodiscard]] std::string kept(const std::string& name) const { return root.lists() / (".rpm/native/0-file_list-compact-" + name); }
  [[nodiscard]] std::string early(const std::string& name) const { return root.lists() / (".rpm/early/0-file_list-compact-" + name); }
};

TEST_F(NativeListTest, a_packaged_list_is_loaded_replaced_and_deleted_with_its_package) {
  expect_done({"-i", package(listing("1", "a", "first"))});
  EXPECT_EQ(told("digest_list_add"), list("a"));
  EXPECT_EQ(told("digest_list_del"), "");
  expect_done({"-U", package(listing("2", "a", "second"))});
  EXPECT_EQ(told("digest_list_add"), list("a"));
  EXPECT_EQ(told("digest_list_del"), kept("a"));
  expect_nothing_kept();
  expect_done({"-e", "listing"});
  EXPECT_EQ(told("digest_list_add"), "");
  EXPECT_EQ(told("digest_list_del"), kept("a"));
  expect_nothing_kept();
}

TEST_F(NativeListTest, what_did_not_change_is_left_alone) {
  expect_done({"-i", package(listing("1", "a", "first")), package(tool("1"))});
  (void)told("digest_list_add");
  expect_done({"-U", "--replacepkgs", package(listing("1", "a", "first"))});
  expect_done({"-U", package(tool("2"))});
  EXPECT_EQ(told("digest_list_add") + told("digest_list_del"), "");
  expect_nothing_kept();
}

TEST_F(NativeListTest, the_same_digests_under_another_name_stay_until_the_last_of_them_goes) {
  expect_done({"-i", package(listing("1", "a", "first"))});
  expect_done({"-U", package(listing("2", "b", "first"))});
  EXPECT_EQ(told("digest_list_del"), "") << "the kernel has it under the name that came first";
  expect_done({"-e", "listing"});
  EXPECT_EQ(told("digest_list_del"), kept("b"));
  expect_nothing_kept();
}

TEST_F(NativeListTest, the_administrators_list_of_the_same_name_counts) {
  put(root.path() / "etc/diglim/0-file_list-compact-a", "");
  expect_done({"-i", package(listing("1", "a", "first"))});
  EXPECT_EQ(told("digest_list_add"), "");
}

TEST_F(NativeListTest, what_the_administrator_has_too_is_not_deleted_with_the_package) {
  for (const std::string name : {"a", "b"}) {
    const fs::path mine = root.path() / ("etc/diglim/0-file_list-compact-" + name);
    expect_done({"-i", package(listing("1", "a", "first"))});
    put(mine, "first");
    expect_done({"-e", "listing"});
    EXPECT_EQ(told("digest_list_del"), "") << name;
    fs::remove(mine);
    expect_done({"-i", package(tool("1"))});
    EXPECT_EQ(told("digest_list_del"), kept("a")) << name;
    expect_nothing_kept();
    expect_done({"-e", "tool"});
  }
}

TEST_F(NativeListTest, what_takes_the_place_of_a_list_is_on_disk_before_that_is_deleted) {
  expect_done({"-i", package(listing("1", "a", "first"))});
  const std::string del = root.kernel() / "digest_list_del";
  bool on_disk = true, deleted = false;
  (void)run_stepped(root.rpm({"-U", package(listing("2", "a", "second"))}), {.before = [&](const Call& call) {
    if (call.name == "rename" && call.path == list("a")) on_disk = false;
    if (call.name == "sync" && call.path.empty()) on_disk = true;
    if (call.name == "write" && call.path == del) {
      EXPECT_TRUE(on_disk);
      deleted = true;
    }
    return Then::go_on;
  }, .after = {}});
  EXPECT_TRUE(deleted);
}

TEST_F(NativeListTest, killed_with_the_list_in_place_repair_loads_it) {
  expect_done({"-i", package(listing("1", "a", "first"))});
  (void)told("digest_list_add");
  const auto killed = run_stepped(root.rpm({"-U", package(listing("2", "a", "second"))}), {.before = {}, .after = [&](const Call& call) {
    if (call.name == "rename" && call.path == list("a")) ::kill(call.process, SIGKILL);
  }});
  EXPECT_EQ(killed.status, 128 + SIGKILL);
  EXPECT_EQ(told("digest_list_add"), "");
  (void)run(root.reconcile());
  EXPECT_EQ(told("digest_list_add"), list("a"));
  EXPECT_EQ(told("digest_list_del"), kept("a"));
  expect_nothing_kept();
}

/// As by a scriptlet. The package's last file fails, when its list has its name and the kernel has it: nothing of it is in the database.
/// Files are looked at one by one only in the root "/": the package is moved from there to this one.
TEST_F(NativeListTest, what_was_loaded_and_removed_while_its_package_failed_is_deleted_again) {
  const Recipe failing{.name = "failing", .files = {{"/usr/lib/diglim/0-file_list-compact-a", "first"}, {"/usr/zzz", "no space is left for this"}}, .tags = "Prefix: /usr\n"};
  root.macros.insert(root.macros.end(), {"_dbpath " + (root.path() / "var/lib/rpm").native(), "_diglim_lists " + root.lists().native(),
                                         "_diglim_administrator " + (root.path() / "etc/diglim").native()});
  auto words = root.rpm({"-i", "--relocate", "/usr=" + (root.path() / "usr").native(), package(failing)});
  words.erase(words.begin() + 1, words.begin() + 3);  // --root
  const auto result = run_stepped(words, {.before = [&](const Call& call) {
    if (call.name != "rename" || !call.path.ends_with("/usr/zzz")) return Then::go_on;
    EXPECT_TRUE(fs::remove(list("a")));
    return Then::fail_with_enospc;
  }});
  EXPECT_NE(result.status, 0) << result.output;
  EXPECT_EQ(told("digest_list_add"), list("a"));
  EXPECT_EQ(told("digest_list_del"), early("a"));
  expect_nothing_kept();
}

}  // namespace
}  // namespace diglim::test
