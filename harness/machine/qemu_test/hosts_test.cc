// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/host_impl.h"
#include "machine/owned_processes.h"
#include "machine/qemu_test/fixture.h"
#include "machine/test_daemon.h"
#include "os/process.h"

namespace diglab {
namespace {

using testing::HasSubstr;

class HostTest : public MachineTest {
 protected:
  /// Runs `body` in a process of its own (libvirt's embedded driver cannot be in two places in one), which tells its state
  /// directory on a pipe when its machine is up, and then waits to be killed.
  pid_t run_with_machine(std::string& directory) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe(pipe.data()), 0);
    pid_t child = ::fork();
    if (child == 0) {
      auto machine = start_up();
      std::string text = machine ? host_->directory().string() + "\n" : "\n";
      (void)!::write(pipe[1], text.data(), text.size());
      for (;;) ::pause();
    }
    ::close(pipe[1]);
    char c = 0;
    while (::read(pipe[0], &c, 1) == 1 && c != '\n') directory += c;
    ::close(pipe[0]);
    return child;
  }

  static std::size_t processes_in(const std::string& directory) {
    auto found = find_hypervisor_processes(directory + "/");
    close_all(found);
    return found.size();
  }
};

TEST_F(HostTest, LeftoversOfAKilledRunAreRemovedByTheNextAndALivingRunIsNot) {
  std::string dead, living;
  pid_t dead_pid = run_with_machine(dead);
  pid_t living_pid = run_with_machine(living);
  ASSERT_FALSE(dead.empty());
  ASSERT_FALSE(living.empty());
  ASSERT_EQ(processes_in(dead), 2u);
  ASSERT_EQ(processes_in(living), 2u);
  ::kill(dead_pid, SIGKILL);
  ::waitpid(dead_pid, nullptr, 0);
  EXPECT_EQ(processes_in(dead), 2u);  // they do outlive it
  open_host(options());
  ASSERT_NE(host_, nullptr);
  EXPECT_EQ(processes_in(dead), 0u);
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_EQ(processes_in(living), 2u);
  EXPECT_TRUE(std::filesystem::exists(living));
  EXPECT_GE(host_->removed().size(), 3u);  // QEMU, swtpm, the directory
  ::kill(living_pid, SIGKILL);
  ::waitpid(living_pid, nullptr, 0);
  auto machine = start_up();  // this run works beside all that
  EXPECT_NE(machine, nullptr);
  machine.reset();
  host_.reset();
  open_host(options());  // once more in this process, and now the second one's
  ASSERT_NE(host_, nullptr);
  EXPECT_EQ(processes_in(living), 0u);
  EXPECT_NE(start_up(), nullptr);
}

TEST_F(HostTest, NothingIsLeftAfterAnOrdinaryEnd) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  std::string directory = host_->directory();
  EXPECT_EQ(processes_in(directory), 2u);
  auto authority = host_->tpm_ca_certificates();
  ASSERT_OK(authority);
  EXPECT_THAT(*authority, HasSubstr("BEGIN CERTIFICATE"));
  machine.reset();
  EXPECT_EQ(processes_in(directory), 0u);
  host_.reset();
  EXPECT_FALSE(std::filesystem::exists(directory));
}

/// What is asked of a Placement, in order.
class RecordedPlacement final : public Placement {
 public:
  RecordedPlacement(std::unique_ptr<Placement> inner, std::vector<std::string>& asked) : inner_(std::move(inner)), asked_(asked) {}
  Result<std::string> place(const std::filesystem::path& file, const Deadline& deadline) override {
    asked_.push_back("place " + file.filename().string());
    return inner_->place(file, deadline);
  }
  Result<std::string> make_overlay(const std::filesystem::path& base, const std::string& name, const Deadline& deadline) override {
    asked_.push_back("overlay " + base.filename().string());
    return inner_->make_overlay(base, name, deadline);
  }
  Result<void> remove_overlay(const std::string& placed) override { return inner_->remove_overlay(placed); }

 private:
  std::unique_ptr<Placement> inner_;
  std::vector<std::string>& asked_;
};

TEST_F(HostTest, EveryFileIsInPlaceBeforeTheFirstOverlay) {
  open_host(options());
  ASSERT_NE(host_, nullptr);
  std::vector<std::string> asked;
  host_->impl().placement = std::make_unique<RecordedPlacement>(std::move(host_->impl().placement), asked);
  MachineSpec with = spec();
  with.disk = make_disk(1 << 20);
  with.extra_disks.push_back({.image = *with.disk, .serial = "second"});
  EXPECT_NE(start(with), nullptr);
  EXPECT_THAT(asked, testing::ElementsAre("place " + kernel_.filename().string(), "place initrd", "place disk.raw", "place disk.raw", "overlay disk.raw",
                                          "overlay disk.raw"));
}

class DaemonTest : public HostTest {
 protected:
  void open(bool upload) {
    auto started = TestDaemon::start(options().cache_dir, Deadline::in(60s));
    ASSERT_OK(started);
    daemon_ = *std::move(started);
    HostOptions with = options();
    with.uri = daemon_->uri();
    with.upload = upload;
    with.pool_path = daemon_->pool_path();
    with.log_dir = daemon_->log_dir();
    open_host(with);
  }
  void TearDown() override { host_.reset(); }

  std::unique_ptr<TestDaemon> daemon_;
};

TEST_F(DaemonTest, TheSameMachineWorksThroughADaemon) {
  open(false);
  ASSERT_NE(host_, nullptr);
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(*ask(*machine, "hello"), "echo hello");
  EXPECT_THAT(*ask(*machine, "pcr"), HasSubstr("pcr 00000000"));
  auto saved = machine->snapshots().save("x", Deadline::in(patience));
  ASSERT_OK(saved);
  EXPECT_EQ(*ask(*machine, "count"), "1");
  ASSERT_OK(machine->snapshots().restore(*saved, Deadline::in(patience)));
  EXPECT_EQ(*ask(*machine, "count"), "1");
  ASSERT_OK(machine->reboot(Deadline::in(patience)));
  wait_until_up(*machine);
  EXPECT_THAT(ask(*machine, "panic").error().to_string(), HasSubstr("Kernel panic"));
}

/// This thread alone, as a user who may not signal root's processes. What it had opened stays open.
class AsNobody {
 public:
  AsNobody() { EXPECT_EQ(::syscall(SYS_setresuid, nobody, nobody, 0), 0); }
  ~AsNobody() { EXPECT_EQ(::syscall(SYS_setresuid, 0, 0, 0), 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  static constexpr uid_t nobody = 65534;
};

TEST_F(DaemonTest, AQemuOfAnotherUserIsEndedByLibvirtAtOnce) {
  if (::geteuid() != 0) GTEST_SKIP() << "not on this machine: only root can become somebody else";
  open(false);
  ASSERT_NE(host_, nullptr);
  for (bool silent : {false, true}) {
    auto machine = start_up();
    ASSERT_NE(machine, nullptr);
    pid_t qemu = process_of(*machine, "qemu-system-x86_64");
    EXPECT_TRUE(!silent || ::kill(qemu, SIGSTOP) == 0);
    auto began = std::chrono::steady_clock::now();
    {
      AsNobody unprivileged;
      ASSERT_EQ(::kill(qemu, 0), -1);
      if (silent) {
        EXPECT_EQ(machine->monitor("info status", Deadline::in(1s)).error().kind(), ErrorKind::timeout);
      } else {
        ASSERT_OK(machine->kill());
      }
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);  // libvirt first asks, for 10 s, then kills
    EXPECT_EQ(::kill(qemu, 0), -1) << "it is still there";
  }
}

TEST_F(DaemonTest, FilesAreUploadedOnceAndOverlaysRemoved) {
  open(true);
  ASSERT_NE(host_, nullptr);
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  auto volumes = [&] { return std::distance(std::filesystem::directory_iterator(daemon_->pool_path()), std::filesystem::directory_iterator()); };
  EXPECT_EQ(volumes(), 7);  // kernel, initrd and disk with their marks, and the overlay
  auto second = start_up();
  EXPECT_EQ(volumes(), 8);
  second.reset();
  // What a run leaves that is killed before its machine is defined.
  SystemProcesses processes;
  std::string disk;
  for (const auto& entry : std::filesystem::directory_iterator(daemon_->pool_path()))
    if (std::filesystem::file_size(entry) == 64 << 20) disk = entry.path();
  const std::string left = daemon_->pool_path() / "r-dead-a.qcow2";
  RunOptions soon;
  soon.deadline = Deadline::in(30s);
  ASSERT_OK(processes.check({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk, left}, soon));
  auto unused = host_->remove_uploads(false);
  ASSERT_OK(unused);
  EXPECT_THAT(*unused, testing::ElementsAre("r-dead-a.qcow2"));
  EXPECT_EQ(volumes(), 7);
  machine.reset();
  EXPECT_EQ(volumes(), 6);
  auto named = host_->remove_uploads(true);
  ASSERT_OK(named);
  EXPECT_EQ(named->size(), 6u);
  EXPECT_EQ(volumes(), 6);
  ASSERT_OK(host_->remove_uploads(false));
  EXPECT_EQ(volumes(), 0);
}

TEST_F(DaemonTest, DeadDaemonIsNoticedAsALostLink) {
  open(false);
  ASSERT_NE(host_, nullptr);
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  daemon_->kill();
  auto end = machine->wait_for_end(Deadline::in(30s));
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::link_lost);
}

}  // namespace
}  // namespace diglab
