// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <signal.h>

#include <thread>

#include "machine/qemu_test/fixture.h"

namespace diglab {
namespace {

using testing::HasSubstr;

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

TEST_F(MachineTest, BootsAnswersAndPowersOff) {
  auto began = std::chrono::steady_clock::now();
  open_host(options());
  std::printf("open host: %.2f s\n", seconds_since(began));
  MachineSpec with = spec();
  with.disk = make_disk(64 << 20);
  began = std::chrono::steady_clock::now();
  auto machine = start(with);
  ASSERT_NE(machine, nullptr);
  std::printf("start machine: %.2f s\n", seconds_since(began));
  began = std::chrono::steady_clock::now();
  wait_until_up(*machine);
  std::printf("resume to answer: %.2f s\n", seconds_since(began));
  EXPECT_EQ(*ask(*machine, "hello"), "echo hello");
  EXPECT_THAT(*ask(*machine, "pcr"), HasSubstr("pcr 00000000"));
  EXPECT_THAT(machine->command_lines(), HasSubstr("swtpm"));
  EXPECT_THAT(machine->console().events(), testing::IsEmpty());
  tell(*machine, "off");
  auto end = machine->wait_for_end(Deadline::in(patience));
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::shutdown) << end->reason;
  began = std::chrono::steady_clock::now();
  machine.reset();
  host_.reset();
  std::printf("clean up: %.2f s\n", seconds_since(began));
}

TEST_F(MachineTest, KilledQemuIsNoticedAtOnceAndLosesTheGuest) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  pid_t qemu = process_of(*machine, "qemu-system-x86_64");
  ASSERT_GT(qemu, 0);
  std::chrono::steady_clock::time_point killed;
  std::jthread killer([&] { killed = std::chrono::steady_clock::now(); ::kill(qemu, SIGKILL); });
  std::array<std::uint8_t, 16> buffer{};
  auto read = machine->agent().read_some(buffer, Deadline::in(60s));
  std::printf("noticed after %.3f s\n", seconds_since(killed));
  EXPECT_LT(seconds_since(killed), 5);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind(), ErrorKind::guest_lost);
  EXPECT_THAT(read.error().to_string(), HasSubstr("QEMU died"));
  EXPECT_EQ(machine->ended()->cause, EndCause::qemu_died);
}

TEST_F(MachineTest, KilledSwtpmIsNoticedAtOnceAndNamed) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  pid_t swtpm = process_of(*machine, "swtpm");
  ASSERT_GT(swtpm, 0);
  auto killed = std::chrono::steady_clock::now();
  ::kill(swtpm, SIGKILL);
  auto end = machine->wait_for_end(Deadline::in(60s));
  std::printf("noticed after %.3f s\n", seconds_since(killed));
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::tpm_died);
  EXPECT_EQ(error_of(*end, true).kind(), ErrorKind::infra);
  EXPECT_THAT(ask(*machine, "hello").error().to_string(), HasSubstr("swtpm is gone"));
}

TEST_F(MachineTest, PanicEndsEveryWaitAndIsNamed) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  auto answer = ask(*machine, "panic");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind(), ErrorKind::guest_lost);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("Kernel panic - not syncing: sysrq triggered crash"));
  EXPECT_EQ(machine->ended()->cause, EndCause::panic);
  auto events = machine->console().events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, ConsoleEventKind::panic);
  EXPECT_THAT(events[0].excerpt, HasSubstr("Call Trace"));
}

TEST_F(MachineTest, KernelWithoutRootIsABootErrorWithThePanicsWords) {
  auto machine = start(spec(false));
  ASSERT_NE(machine, nullptr);
  auto waited = machine->console().wait_for("guest: up", Deadline::in(patience));
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().kind(), ErrorKind::boot);
  EXPECT_THAT(waited.error().to_string(), HasSubstr("Unable to mount root fs"));
}

TEST_F(MachineTest, HungGuestEndsInATimeoutAndAStopRequestInAnInterruption) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(ask(*machine, "hang", 2s).error().kind(), ErrorKind::timeout);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(machine->wait_for_end(Deadline::in(60s, stop.get_token())).error().kind(), ErrorKind::interrupted);
}

TEST_F(MachineTest, AgentThatClosesItsPortIsNoticedAndMayComeBack) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  tell(*machine, "close");
  std::array<std::uint8_t, 16> buffer{};
  auto read = machine->agent().read_some(buffer, Deadline::in(20s));
  ASSERT_OK(read);
  EXPECT_EQ(*read, 0u);
  EXPECT_FALSE(machine->ended().has_value());
  EXPECT_EQ(*ask(*machine, "again"), "echo again");
}

TEST_F(MachineTest, ConsoleHoldsEveryByteAlsoWhenQemuIsKilledInMidSentence) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  ASSERT_OK(ask(*machine, "shout"));
  pid_t qemu = process_of(*machine, "qemu-system-x86_64");
  ::kill(qemu, SIGKILL);
  ASSERT_OK(machine->wait_for_end(Deadline::in(60s)));
  std::string text = machine->console().text();
  for (int i = 0; i < 200; ++i) EXPECT_THAT(text, HasSubstr("guest: line " + std::to_string(i) + " of what is said in one breath\r\n"));
  EXPECT_EQ(*read_file(machine->console().path()), text);
}

TEST_F(MachineTest, RebootKeepsDiskAndTpmAndChangesTheCommandLine) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  ASSERT_OK(ask(*machine, "count"));
  tell(*machine, "reset");
  auto end = machine->wait_for_end(Deadline::in(patience));
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::reset);
  MachineSpec changed = machine->spec();
  changed.cmdline = "diglab.other";
  auto began = std::chrono::steady_clock::now();
  ASSERT_OK(machine->reboot(Deadline::in(patience), &changed));
  std::printf("reboot: %.2f s\n", seconds_since(began));
  EXPECT_EQ(machine->boot(), 2u);
  wait_until_up(*machine);
  EXPECT_EQ(*ask(*machine, "count"), "1");
  EXPECT_THAT(machine->console().text(), HasSubstr("diglab.other"));
}

TEST_F(MachineTest, FullHostDiskStopsTheMachineAndSaysSo) {
  // A small file system of its own to hold the overlay.
  auto small = scratch_.path() / "small";
  ASSERT_OK(make_directories(small));
  HostOptions with = options();
  with.state_dir = "/tmp/dgt-small";
  ASSERT_OK(make_directories(with.state_dir));
  if (std::system("mount -t tmpfs -o size=24m,mode=0700 none /tmp/dgt-small") != 0) GTEST_SKIP() << "not on this machine: mounting is not permitted";
  open_host(with);
  // All embedded Hosts of a process share one directory: this test is for a process of its own, as ctest runs it.
  bool alone = host_ && host_->directory().string().starts_with(with.state_dir.string());
  auto machine = alone ? start_up() : nullptr;
  if (machine) {
    auto answer = ask(*machine, "fill", 60s);
    EXPECT_FALSE(answer.has_value());
    if (!answer) {
      EXPECT_EQ(answer.error().kind(), ErrorKind::infra);
      EXPECT_THAT(answer.error().to_string(), HasSubstr("no space is left"));
    }
  }
  machine.reset();
  host_.reset();
  // Lazily: libvirt's embedded driver keeps a file open for as long as the process lives.
  EXPECT_EQ(std::system("umount -l /tmp/dgt-small"), 0);
  EXPECT_TRUE(alone) << "run this test in a process of its own";
}

}  // namespace
}  // namespace diglab
