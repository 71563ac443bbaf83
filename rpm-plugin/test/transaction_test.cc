// SPDX-License-Identifier: GPL-2.0-or-later
//
// rpm with the plugin, in roots of its own: what the kernel knows before, in and after transactions of every kind.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "test/transaction_fixture.h"

namespace diglim::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Files = std::map<std::string, std::string>;

TEST_F(TransactionTest, installing_upgrading_and_erasing_move_the_lists_along) {
  expect_done({"-i", package(tool("1"))});
  EXPECT_THAT(root.loaded(), ElementsAre("tool-1-1.noarch"));
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
  expect_done({"-U", package(tool("2"))});
  EXPECT_THAT(root.loaded(), ElementsAre("tool-2-1.noarch"));
  EXPECT_TRUE(runs("program 2"));
  EXPECT_TRUE(runs("never changes"));
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
  expect_done({"-U", "--oldpackage", package(tool("1"))});
  EXPECT_TRUE(runs("program 1"));
  EXPECT_FALSE(runs("program 2"));
  expect_converged();
  expect_done({"-e", "tool"});
  EXPECT_THAT(root.loaded(), IsEmpty());
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, the_directory_of_lists_can_be_a_link) {
  fs::create_directories(root.path() / "srv/lists");
  fs::create_directories(root.lists().parent_path());
  fs::create_directory_symlink("../../srv/lists", root.lists());
  expect_done({"-i", package(tool("1"))});
  expect_done({"-U", package(tool("2"))});
  EXPECT_TRUE(runs("program 2"));
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
  expect_done({"-e", "tool"});
  EXPECT_TRUE(fs::is_symlink(root.lists()));
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, a_package_installed_again_stays_known) {
  expect_done({"-i", package(tool("1"))});
  expect_done({"-U", "--replacepkgs", package(tool("1"))});
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
  expect_done({"--reinstall", package(tool("1"))});
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
}

TEST_F(TransactionTest, a_package_built_again_under_its_old_name_replaces_what_was_known) {
  auto rebuilt = tool("1");
  rebuilt.files["/opt/tool"] = "program 1, rebuilt";
  expect_done({"-i", package(tool("1"))});
  expect_done({"-U", "--replacepkgs", package(rebuilt)});
  EXPECT_TRUE(runs("program 1, rebuilt"));
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
}

TEST_F(TransactionTest, a_package_built_again_with_the_same_files_stays_known) {
  auto rebuilt = tool("1");
  rebuilt.sections = "%post -p <lua>\nprint('another header')\n";
  expect_done({"-i", package(tool("1"))});
  expect_done({"-U", "--replacepkgs", package(rebuilt)});
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
}

TEST_F(TransactionTest, an_installation_may_replace_what_has_the_same_name) {
  auto rebuilt = tool("1");
  rebuilt.files["/opt/tool"] = "program 1, rebuilt";
  expect_done({"-i", package(tool("1"))});
  expect_done({"-i", "--replacepkgs", package(tool("1"))});
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
  expect_done({"-i", "--force", package(rebuilt)});
  EXPECT_TRUE(runs("program 1, rebuilt"));
  EXPECT_FALSE(runs("program 1"));
  EXPECT_THAT(root.installed(), ElementsAre("tool-1-1.noarch"));
  expect_converged();
}

TEST_F(TransactionTest, two_epochs_of_one_name_version_and_release_are_refused_unless_one_replaces_the_other) {
  auto later = tool("1");
  later.tags = "Epoch: 1\n";
  later.files["/opt/tool"] = "program of another epoch";
  expect_done({"-i", package(tool("1"))});
  for (const std::string word : {"--replacefiles", "--force"}) {
    const auto result = rpm({"-i", word, package(later)});
    EXPECT_NE(result.status, 0);
    EXPECT_THAT(result.output, HasSubstr("0-file_list-rpm-tool-1-1.noarch: another package has this name, version, release and architecture"));
    EXPECT_FALSE(runs("program of another epoch"));
    expect_converged();
  }
  expect_done({"-U", package(later)});
  EXPECT_TRUE(runs("program of another epoch"));
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
}

TEST_F(TransactionTest, a_failed_rebuilt_package_leaves_the_old_one_known) {
  auto rebuilt = tool("1");
  rebuilt.files["/opt/tool"] = "program 1, rebuilt";
  rebuilt.sections = "%pre -p <lua>\nerror('no')\n";
  expect_done({"-i", package(tool("1"))});
  EXPECT_NE(rpm({"-U", "--replacepkgs", package(rebuilt)}).status, 0);
  EXPECT_TRUE(runs("program 1"));
  EXPECT_FALSE(runs("program 1, rebuilt"));
  expect_converged();
}

TEST_F(TransactionTest, an_upgrade_that_changes_no_file_changes_nothing_that_is_known) {
  auto next = tool("1");
  next.version = "2";
  expect_done({"-i", package(tool("1"))});
  expect_done({"-U", package(next)});
  EXPECT_TRUE(runs("program 1"));
  EXPECT_EQ(root.known(), known_after_reboot());
  // The kernel still has it under the old name, which must not be forgotten.
  expect_done({"-e", "tool"});
  EXPECT_THAT(root.loaded(), IsEmpty());
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, of_two_packages_with_the_same_files_one_can_go) {
  const Files files{{"/opt/shared", "the same"}};
  const auto one = package({.name = "one", .files = files}), two = package({.name = "two", .files = files});
  for (const std::string first : {"one", "two"}) {
    expect_done({"-i", one, two});
    EXPECT_TRUE(runs("the same"));
    expect_done({"-e", first});
    EXPECT_TRUE(runs("the same")) << "after " << first;
    EXPECT_EQ(root.known(), known_after_reboot());
    root.reboot();
    expect_done({"-e", first == "one" ? "two" : "one"});
    EXPECT_THAT(root.loaded(), IsEmpty());
    EXPECT_THAT(root.listed(), IsEmpty());
  }
}

TEST_F(TransactionTest, a_digest_that_two_packages_bring_survives_one_of_them) {
  const auto one = package({.name = "one", .files = {{"/opt/one", "shared"}, {"/opt/own", "own"}}});
  expect_done({"-i", one, package({.name = "two", .files = {{"/opt/two", "shared"}}})});
  expect_done({"-e", "one"});
  EXPECT_TRUE(runs("shared"));
  EXPECT_FALSE(runs("own"));
  expect_converged();
}

TEST_F(TransactionTest, one_of_two_architectures_can_go) {
  for (const std::string architecture : {"x86_64", "i686"})
    expect_done({"-i", "--ignorearch", package({.name = "lib",
                                                .files = {{"/opt/lib/" + architecture, architecture}, {"/opt/lib/data", "shared"}},
                                                .architecture = architecture})});
  EXPECT_THAT(root.loaded(), ElementsAre("lib-1-1.i686", "lib-1-1.x86_64"));
  expect_done({"-e", "lib.i686"});
  EXPECT_TRUE(runs("shared"));
  EXPECT_TRUE(runs("x86_64"));
  EXPECT_FALSE(runs("i686"));
  expect_converged();
}

TEST_F(TransactionTest, an_obsoleted_package_is_forgotten) {
  expect_done({"-i", package(tool("1"))});
  expect_done({"-U", package({.name = "successor", .files = {{"/opt/successor", "next"}}, .tags = "Obsoletes: tool\n"})});
  EXPECT_THAT(root.loaded(), ElementsAre("successor-1-1.noarch"));
  expect_converged();
}

TEST_F(TransactionTest, replaced_files_are_known_in_both_forms) {
  expect_done({"-i", package(tool("1"))});
  expect_done({"-i", "--replacefiles", package({.name = "other", .files = {{"/opt/tool", "another program"}}})});
  EXPECT_TRUE(runs("another program"));
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
}

TEST_F(TransactionTest, files_that_are_linked_configured_or_not_there_are_no_reason_to_stumble) {
  auto recipe = [](const std::string& version) {
    return Recipe{.name = "odd",
                  .version = version,
                  .files = {{"/opt/a", "linked " + version}, {"/etc/odd.conf", "settings " + version}},
                  .install = "ln %{buildroot}/opt/a %{buildroot}/opt/b\nln -s a %{buildroot}/opt/c\nmkdir %{buildroot}/opt/d\n",
                  .list = "%config(noreplace) /etc/odd.conf\n/opt/b\n/opt/c\n/opt/d\n%ghost /opt/e\n"};
  };
  expect_done({"-i", package(recipe("1"))});
  EXPECT_TRUE(runs("linked 1"));
  put(root.path() / "etc/odd.conf", "changed by hand");
  const auto upgraded = rpm({"-U", package(recipe("2"))});
  EXPECT_EQ(upgraded.status, 0) << upgraded.output;
  EXPECT_EQ(content_of(root.path() / "etc/odd.conf"), "changed by hand");
  EXPECT_TRUE(runs("linked 2"));
  EXPECT_FALSE(runs("linked 1"));
  expect_converged();
  expect_done({"-e", "odd"});
  EXPECT_THAT(root.known(), IsEmpty());
}

TEST_F(TransactionTest, a_package_without_files_and_one_of_many_are_packages_too) {
  expect_done({"-i", package({.name = "nothing"})});
  EXPECT_THAT(root.listed(), ElementsAre("nothing-1-1.noarch"));
  EXPECT_THAT(root.loaded(), IsEmpty());
  expect_done({"-e", "nothing"});
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, a_test_changes_nothing) {
  expect_done({"-i", package(tool("1"))});
  const auto log_before = root.kernel_log();
  expect_done({"-U", "--test", package(tool("2"))});
  EXPECT_EQ(root.kernel_log(), log_before);
  expect_converged();
}

TEST_F(TransactionTest, only_the_database_counts) {
  expect_done({"-i", "--justdb", package(tool("1"))});
  expect_converged();
  EXPECT_TRUE(runs("program 1"));
  expect_done({"-e", "--justdb", "--noscripts", "tool"});
  expect_converged();
}

TEST_F(TransactionTest, another_root_gets_lists_and_the_kernel_does_not) {
  root.macros = {};
  expect_done({"-i", package(tool("1"))});
  EXPECT_THAT(root.loaded(), IsEmpty());
  EXPECT_THAT(root.listed(), ElementsAre("tool-1-1.noarch"));
  expect_done({"-U", package(tool("2"))});
  EXPECT_THAT(root.listed(), ElementsAre("tool-2-1.noarch"));
  expect_done({"-e", "tool"});
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, without_an_interface_of_the_kernel_lists_are_kept_for_the_next_boot) {
  put(root.kernel() / "absent", "");
  fs::remove_all(root.kernel() / "digest_lists_loaded");
  expect_done({"-i", package(tool("1"))});
  expect_done({"-U", package(tool("2"))});
  EXPECT_THAT(root.listed(), ElementsAre("tool-2-1.noarch"));
}

TEST_F(TransactionTest, when_the_parser_cannot_open_the_interface_that_is_there_nothing_is_installed) {
  expect_done({"-i", package(tool("1"))});
  put(root.kernel() / "absent", "");
  const auto result = rpm({"-U", package(tool("2"))});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("this kernel has no DIGLIM"));
  EXPECT_THAT(result.output, HasSubstr("nothing was changed"));
  fs::remove(root.kernel() / "absent");
  EXPECT_THAT(root.installed(), ElementsAre("tool-1-1.noarch"));
  expect_done({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}})});
  expect_converged();
}

TEST_F(TransactionTest, a_package_named_like_rpms_keys_is_refused) {
  const auto result = rpm({"-i", package({.name = "gpg-pubkey", .files = {{"/opt/tool", "never known"}}})});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("gpg-pubkey-1-1.noarch: a package of this name gets no digest list"));
  EXPECT_FALSE(fs::exists(root.path() / "opt/tool"));
  EXPECT_THAT(root.installed(), IsEmpty());
}

TEST_F(TransactionTest, a_package_that_the_kernel_refuses_is_not_installed) {
  expect_done({"-i", package(tool("1"))});
  const auto before = root.kernel_log();
  put(root.kernel() / "refuse", "tool-2");
  const auto result = rpm({"-U", package(tool("2")), package({.name = "other", .files = {{"/opt/other", "other"}}, .sections = "%pretrans -p <lua>\nprint('too early')\n"})});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("0-file_list-rpm-tool-2-1.noarch: the kernel refused"));
  EXPECT_THAT(result.output, HasSubstr("nothing was changed"));
  EXPECT_THAT(result.output, Not(HasSubstr("too early")));
  EXPECT_THAT(root.installed(), ElementsAre("tool-1-1.noarch"));
  EXPECT_EQ(content_of(root.path() / "opt/tool"), "program 1");
  expect_converged();
}

TEST_F(TransactionTest, while_others_use_the_kernels_interface_a_transaction_is_refused) {
  expect_done({"-i", package(tool("1"))});
  put(root.kernel() / "busy", "");
  const auto result = rpm({"-U", package(tool("2"))});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("Device or resource busy"));
  EXPECT_THAT(result.output, HasSubstr("nothing was changed"));
  EXPECT_THAT(root.installed(), ElementsAre("tool-1-1.noarch"));
  fs::remove(root.kernel() / "busy");
  expect_converged();
  expect_done({"-U", package(tool("2"))});
  expect_converged();
}

TEST_F(TransactionTest, what_cannot_be_deleted_while_others_use_the_interface_is_deleted_by_the_next) {
  expect_done({"-i", package(tool("1"))});
  put(root.kernel() / "busy", "");
  const auto result = rpm({"-e", "tool"});
  EXPECT_THAT(result.output, HasSubstr("not everything could be settled"));
  EXPECT_THAT(root.installed(), IsEmpty());
  fs::remove(root.kernel() / "busy");
  EXPECT_EQ(rpm({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}})}).status, 0);
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
}

TEST_F(TransactionTest, the_clock_may_go_backwards) {
  if (run({"faketime", "-f", "+0", "true"}).status != 0) GTEST_SKIP() << "needs faketime";
  const auto in_the_past = [&](const std::vector<std::string>& words) {
    auto all = root.rpm(words);
    all.insert(all.begin(), {"faketime", "2001-01-01 00:00:00"});
    const auto result = run(all);
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_THAT(result.output, Not(HasSubstr("diglim")));
  };
  expect_done({"-i", package(tool("1"))});
  in_the_past({"-U", package(tool("2"))});
  EXPECT_TRUE(runs("program 2"));
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
  expect_done({"-U", "--oldpackage", package(tool("1"))});
  in_the_past({"--reinstall", package(tool("1"))});
  expect_converged();
  in_the_past({"-e", "tool"});
  EXPECT_THAT(root.loaded(), IsEmpty());
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, without_scriptlets_and_documents_it_is_known_as_with_them) {
  auto documented = [](const std::string& version) {
    auto recipe = tool(version);
    recipe.install = "mkdir -p %{buildroot}/usr/share/doc/tool\necho words " + version + " > %{buildroot}/usr/share/doc/tool/README\n";
    recipe.list = "%doc /usr/share/doc/tool/README\n";
    recipe.sections = "%pre -p <lua>\nerror('must not run')\n%preun -p <lua>\nerror('must not run')\n";
    return recipe;
  };
  expect_done({"-i", "--noscripts", "--excludedocs", package(documented("1"))});
  EXPECT_FALSE(fs::exists(root.path() / "usr/share/doc/tool/README"));
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
  expect_done({"-U", "--noscripts", "--excludedocs", package(documented("2"))});
  EXPECT_TRUE(runs("program 2"));
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
  expect_done({"-e", "--noscripts", "tool"});
  EXPECT_THAT(root.known(), IsEmpty());
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, what_the_parser_did_not_delete_is_told_and_kept_for_the_next) {
  expect_done({"-i", package(tool("1"))});
  put(root.kernel() / "other", "");
  const auto result = rpm({"-U", package(tool("2"))});
  EXPECT_THAT(result.output, HasSubstr("0-file_list-rpm-tool-1-1.noarch: the kernel still has a list of this name"));
  EXPECT_THAT(result.output, HasSubstr("not everything could be settled"));
  EXPECT_TRUE(runs("program 1"));
  EXPECT_THAT(root.listed(), Contains(".rpm/old/0/0-file_list-rpm-tool-1-1.noarch"));
  fs::remove(root.kernel() / "other");
  EXPECT_EQ(rpm({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}})}).status, 0);
  EXPECT_FALSE(runs("program 1"));
  expect_converged();
}

/// Holds one rpm when its lists are about to be in the directory, until another one waits for its lock, which it does only on a terminal.
class TwoAtOnceTest : public TransactionTest {
 protected:
  void SetUp() override {
    if (run({"script", "--version"}).status != 0) GTEST_SKIP() << "needs script(1) for a terminal";
  }
  ~TwoAtOnceTest() override {
    if (second.joinable()) second.join();
  }
  /// Ends when both have ended.
  RunResult first_until(Then then) {
    auto result = run_stepped(root.rpm({"-U", package(tool("2"))}), {.before = [&](const Call& call) {
      if (second.joinable() || call.name != "rename" || !call.path.ends_with("tool-2-1.noarch")) return Then::go_on;
      second = std::thread([&, words = root.rpm({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}})})] {
        std::string line;
        for (const auto& word : words) line += "'" + word + "' ";
        other = run({"script", "--quiet", "--return", "--command", line, "/dev/null"});
      });
      EXPECT_TRUE(somebody_waits()) << "the second did not wait for the first";
      return then;
    }, .after = {}, .follow = false});
    if (second.joinable()) second.join();
    return result;
  }
  /// For a lock in this root's database.
  [[nodiscard]] bool somebody_waits() const {
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30); std::chrono::steady_clock::now() < end; ::usleep(10000))
      for (const auto& entry : fs::directory_iterator(root.path() / "var/lib/rpm")) {
        struct stat status {};
        if (::stat(entry.path().c_str(), &status) != 0) continue;
        const std::string inode = ":" + std::to_string(status.st_ino) + " ";
        for (const auto& line : lines_of(content_of("/proc/locks")))
          if (line.find("->") != line.npos && line.find(inode) != line.npos) return true;
      }
    return false;
  }
  std::thread second;
  RunResult other;
};

TEST_F(TwoAtOnceTest, one_waits_for_the_other) {
  expect_done({"-i", package(tool("1"))});
  const auto first = first_until(Then::go_on);
  EXPECT_EQ(first.status, 0) << first.output;
  EXPECT_EQ(other.status, 0) << other.output;
  EXPECT_THAT(first.output + other.output, Not(HasSubstr("diglim")));
  EXPECT_THAT(root.installed(), ElementsAre("other-1-1.noarch", "tool-2-1.noarch"));
  expect_converged();
}

TEST_F(TwoAtOnceTest, one_settles_what_the_other_left_when_it_was_killed) {
  expect_done({"-i", package(tool("1"))});
  EXPECT_EQ(first_until(Then::kill_all).status, 128 + SIGKILL);
  EXPECT_EQ(other.status, 0) << other.output;
  EXPECT_THAT(other.output, HasSubstr("an earlier transaction was interrupted"));
  EXPECT_THAT(root.installed(), ElementsAre("other-1-1.noarch", "tool-1-1.noarch"));
  expect_converged();
}

TEST_F(TransactionTest, without_a_parser_nothing_is_installed) {
  root.macros.push_back("_diglim_parser /nowhere");
  const auto result = rpm({"-i", package(tool("1"))});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("cannot run /nowhere: No such file"));
  EXPECT_THAT(root.installed(), IsEmpty());
  EXPECT_THAT(root.listed(), IsEmpty());
}

TEST_F(TransactionTest, a_directory_that_cannot_be_written_refuses_the_transaction) {
  expect_done({"-i", package(tool("1"))});
  ASSERT_EQ(::mount(root.lists().c_str(), root.lists().c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, root.lists().c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const auto result = rpm({"-U", package(tool("2"))});
  ::umount(root.lists().c_str());
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("Read-only file system"));
  EXPECT_THAT(root.installed(), ElementsAre("tool-1-1.noarch"));
  expect_converged();
}

TEST_F(TransactionTest, conflicts_and_failures_of_scriptlets_leave_what_is_installed) {
  expect_done({"-i", package(tool("1"))});
  EXPECT_NE(rpm({"-i", package({.name = "conflict", .files = {{"/opt/tool", "another"}}})}).status, 0);
  expect_converged();
  for (const std::string when : {"%pretrans", "%pre"}) {
    auto bad = tool("2");
    bad.sections = when + " -p <lua>\nerror('no')\n";
    EXPECT_NE(rpm({"-U", package(bad)}).status, 0) << when;
    EXPECT_THAT(root.installed(), ElementsAre("tool-1-1.noarch")) << when;
    expect_converged();
  }
  auto bad = tool("2");
  bad.sections = "%preun -p <lua>\nerror('no')\n%post -p <lua>\nerror('no')\n%postun -p <lua>\nerror('no')\n%posttrans -p <lua>\nerror('no')\n";
  (void)rpm({"-U", package(bad)});
  expect_converged();
  EXPECT_TRUE(runs("program 2"));
  EXPECT_NE(rpm({"-e", "tool"}).status, 0);
  EXPECT_THAT(root.installed(), ElementsAre("tool-2-1.noarch"));
  expect_converged();
}

TEST_F(TransactionTest, what_was_damaged_behind_its_back_is_repaired) {
  expect_done({"-i", package(tool("1")), package({.name = "other", .files = {{"/opt/other", "other"}}})});
  const auto list = root.lists() / "0-file_list-rpm-tool-1-1.noarch";
  fs::resize_file(list, fs::file_size(list) / 2);
  fs::remove(root.lists() / "0-file_list-rpm-other-1-1.noarch");
  put(root.lists() / "0-file_list-rpm-gone-1-1.noarch", "never a list");
  put(root.lists() / "1-file_list-compact-of-a-vendor", "not rpm's");
  root.reboot();
  const auto result = run(root.reconcile());
  EXPECT_EQ(result.status, 0) << result.output;
  fs::remove(root.lists() / "1-file_list-compact-of-a-vendor");
  EXPECT_TRUE(runs("program 1"));
  EXPECT_TRUE(runs("other"));
  expect_converged();
  const auto log_before = root.kernel_log();
  EXPECT_EQ(run(root.reconcile()).status, 0);
  EXPECT_EQ(root.kernel_log(), log_before) << "it is idempotent";
}

TEST_F(TransactionTest, a_database_that_is_empty_is_not_believed) {
  expect_done({"-i", package(tool("1"))});
  fs::remove_all(root.path() / "var/lib/rpm");
  fs::create_directories(root.path() / "var/lib/rpm");
  const auto result = run(root.reconcile());
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.output, HasSubstr("has no packages"));
  EXPECT_TRUE(runs("program 1"));
}

TEST_F(TransactionTest, a_package_that_rpm_would_not_verify_any_more_is_installed_all_the_same) {
  expect_done({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}})});
  expect_done({"-i", "--nodigest", with_wrong_digest(package(tool("1")))});
  EXPECT_EQ(run(root.reconcile()).status, 0);
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
  // Nor does a transaction forget it that verifies, and fails.
  auto next = tool("2");
  next.sections = "%pre -p <lua>\nerror('no')\n";
  (void)rpm({"-U", package(next)});
  EXPECT_TRUE(runs("program 1"));
  expect_converged();
}

TEST_F(TransactionTest, a_database_that_cannot_be_read_to_its_end_is_not_believed) {
  expect_done({"-i", package({.name = "other", .files = {{"/opt/other", "other"}}}), package(tool("1"))});
  // The tag of a package's name, 1000, and the type of its value: a string. Without one librpm leaves a package out.
  const fs::path database = root.path() / "var/lib/rpm/rpmdb.sqlite";
  std::string bytes = content_of(database);
  const std::string name_tag("\0\0\x03\xe8\0\0\0\x06", 8);
  const auto header = bytes.find(name_tag);
  ASSERT_NE(header, bytes.npos);
  bytes[header + 3] = '\xe7';
  put(database, bytes);
  const auto result = run(root.reconcile());
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.output, HasSubstr("of 2 packages in the database of rpm 1 can be read; no digest list was changed"));
  EXPECT_TRUE(runs("program 1"));
  EXPECT_TRUE(runs("other"));
  EXPECT_THAT(root.listed(), ElementsAre("other-1-1.noarch", "tool-1-1.noarch"));
}

TEST_F(TransactionTest, an_upgrade_of_what_was_left_half_written_completes_it) {
  expect_done({"-i", package(tool("1"))});
  put(root.lists() / "0-file_list-rpm-tool-2-1.noarch", content_of(root.lists() / "0-file_list-rpm-tool-1-1.noarch").substr(0, 100));
  expect_done({"-U", package(tool("2"))});
  EXPECT_TRUE(runs("program 2"));
  expect_converged();
}

TEST_F(TransactionTest, a_list_that_the_kernel_keeps_is_not_loaded_again_and_not_forgotten) {
  expect_done({"-i", package(tool("1"))});
  put(root.kernel() / "refuse", "tool-1");
  const auto result = rpm({"-U", package(tool("2"))});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("the kernel refused"));
  EXPECT_THAT(root.installed(), ElementsAre("tool-2-1.noarch"));
  EXPECT_THAT(known_after_reboot(), Not(Contains(sha256_of("program 1"))));
  fs::remove(root.kernel() / "refuse");
  EXPECT_EQ(run(root.reconcile()).status, 0);
  expect_converged();
}

}  // namespace
}  // namespace diglim::test
