// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/leftover_domains.h"
#include "machine/owned_processes.h"
#include "machine/run_directory.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

TEST(RunDirectory, has_room_for_sockets_below_whoever_the_user_is) {
  for (const uid_t user : {uid_t{0}, uid_t{1000}, uid_t{0xfffffffe}}) EXPECT_LE(RunDirectory::default_parent(user).string().size(), RunDirectory::longest_parent) << user;
}

TEST(OwnedProcesses, OnlyQemuAndSwtpmWithTheMarkAreOurs) {
  const std::string mark = "/var/tmp/diglab-0/r-12345678/";
  EXPECT_TRUE(is_hypervisor_process("qemu-system-x86_64", {"/usr/bin/qemu-system-x86_64", "-object", "file=" + mark + "v/lib"}, mark));
  EXPECT_TRUE(is_hypervisor_process("swtpm", {"swtpm", "dir=" + mark}, mark));
  EXPECT_FALSE(is_hypervisor_process("vim", {"vim", mark + "v/log/qemu.log"}, mark));
  EXPECT_FALSE(is_hypervisor_process("qemu-system-x86_64", {"qemu-system-x86_64", "/var/tmp/diglab-0/r-12345679/v"}, mark));
  EXPECT_FALSE(is_hypervisor_process("qemu-system-x86_64", {"qemu-system-x86_64", "anything"}, ""));
}

/// A process that looks like a QEMU working in `directory`.
pid_t pretend_qemu(const fs::path& directory) {
  pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "qemu-system-pretended", "-c", "kill -STOP $$", (directory.string() + "/v/monitor.sock").c_str(), nullptr);
    ::_exit(1);
  }
  return child;
}

class RunDirectoryTest : public testing::Test {
 protected:
  TempDir parent_ = *TempDir::make();
};

TEST_F(RunDirectoryTest, GoesWithItsRun) {
  auto run = RunDirectory::open(parent_.path(), {}, Deadline::in(10s));
  ASSERT_TRUE(run.has_value()) << run.error().to_string();
  fs::path path = (*run)->path();
  EXPECT_FALSE(RunDirectory::is_dead(path));
  EXPECT_TRUE((*run)->removed().empty());
  run->reset();
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(RunDirectory::is_dead(path));
}

TEST_F(RunDirectoryTest, OfAnotherRunIsRefusedAndLeftAsItIs) {
  auto run = RunDirectory::open(parent_.path(), "r-x", Deadline::in(10s));
  ASSERT_TRUE(run.has_value()) << run.error().to_string();
  auto again = RunDirectory::open(parent_.path(), "r-x", Deadline::in(10s));
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().to_string(), testing::HasSubstr("in use by another process"));
  EXPECT_TRUE(fs::exists((*run)->path()));
}

TEST_F(RunDirectoryTest, WhatADeadRunLeftIsRemovedAndNothingElse) {
  auto living = RunDirectory::open(parent_.path(), {}, Deadline::in(10s));
  ASSERT_TRUE(living.has_value());
  fs::path dead = parent_.path() / "r-00000001";
  ASSERT_TRUE(write_file(dead / "disks" / "a.qcow2", "x").has_value());
  ASSERT_TRUE(write_file(parent_.path() / "notes" / "mine", "x").has_value());
  pid_t of_dead = pretend_qemu(dead);
  pid_t of_living = pretend_qemu((*living)->path());
  // The child shows its new name only once it has run exec.
  Deadline shown = Deadline::in(30s);
  while (!shown.expired() && (find_hypervisor_processes(dead.string() + "/").empty() || find_hypervisor_processes((*living)->path().string() + "/").empty())) {
  }
  auto next = RunDirectory::open(parent_.path(), {}, Deadline::in(10s));
  ASSERT_TRUE(next.has_value()) << next.error().to_string();
  EXPECT_EQ((*next)->removed().size(), 2u);
  EXPECT_THAT((*next)->removed().front(), testing::HasSubstr("process " + std::to_string(of_dead)));
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(parent_.path() / "notes" / "mine"));
  EXPECT_TRUE(fs::exists((*living)->path()));
  int status = 0;
  EXPECT_EQ(::waitpid(of_dead, &status, 0), of_dead);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(::waitpid(of_living, &status, WNOHANG), 0);
  ::kill(of_living, SIGKILL);
  ::waitpid(of_living, nullptr, 0);
}

TEST_F(RunDirectoryTest, IsNotMadeWhereOthersCouldChangeIt) {
  auto refusal = [](const fs::path& parent) {
    auto run = RunDirectory::open(parent, {}, Deadline::in(10s));
    return run ? "made " + (*run)->path().string() : run.error().to_string();
  };
  const fs::path mine = parent_.path() / "mine", link = parent_.path() / "link", file = parent_.path() / "file";
  fs::create_directory(mine);
  fs::create_directory_symlink(mine, link);
  EXPECT_THAT(refusal(link), testing::HasSubstr("not a directory"));
  ASSERT_TRUE(write_file(file, "x").has_value());
  EXPECT_THAT(refusal(file), testing::HasSubstr("not a directory"));
  for (mode_t mode : {0720U, 0702U, 01777U}) {
    ASSERT_EQ(::chmod(mine.c_str(), mode), 0);
    EXPECT_THAT(refusal(mine), testing::HasSubstr("others than its owner can write to it"));
  }
  // Of two users' directories one is not ours.
  ASSERT_EQ(::chmod(mine.c_str(), 0700), 0);
  const fs::path foreign = ::geteuid() == 0 ? mine : fs::path("/usr");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(mine.c_str(), 12345, 0), 0);
  }
  EXPECT_THAT(refusal(foreign), testing::HasSubstr(::geteuid() == 0 ? "belongs to user 12345" : "belongs to user 0"));
  EXPECT_TRUE(fs::is_empty(mine));
  // What is made is for its owner alone to change, whatever the umask.
  const mode_t before = ::umask(0);
  EXPECT_THAT(refusal(parent_.path() / "new"), testing::StartsWith("made "));
  ::umask(before);
  EXPECT_THAT(refusal(parent_.path() / "new"), testing::StartsWith("made "));
}

TEST_F(RunDirectoryTest, DoesNotFollowALinkAmongTheRuns) {
  TempDir elsewhere = *TempDir::make();
  fs::create_directory_symlink(elsewhere.path(), parent_.path() / "r-00000003");
  auto run = RunDirectory::open(parent_.path(), {}, Deadline::in(10s));
  ASSERT_TRUE(run.has_value()) << run.error().to_string();
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
  EXPECT_TRUE(fs::is_symlink(parent_.path() / "r-00000003"));
}

TEST_F(RunDirectoryTest, OwnerOfAnotherHostIsNeverDead) {
  EXPECT_FALSE(is_dead_owner("another-host:/nowhere"));
  EXPECT_FALSE(is_dead_owner(""));
  EXPECT_TRUE(is_dead_owner(owner_name((parent_.path() / "r-00000002").string())));
  auto run = RunDirectory::open(parent_.path(), {}, Deadline::in(10s));
  ASSERT_TRUE(run.has_value());
  EXPECT_FALSE(is_dead_owner(owner_name((*run)->path().string())));
}

}  // namespace
}  // namespace diglab
