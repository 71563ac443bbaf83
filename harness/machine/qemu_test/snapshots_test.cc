// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <signal.h>

#include <thread>

#include "machine/qemu_test/fixture.h"

namespace diglab {
namespace {

TEST_F(MachineTest, SnapshotBringsBackMemoryAndTpm) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  machine->snapshots().set_tpm_digest([&](const Deadline&) { return ask(*machine, "pcr"); });
  EXPECT_EQ(*ask(*machine, "count"), "1");
  ASSERT_OK(ask(*machine, "extend"));
  std::string before = *ask(*machine, "pcr");
  auto began = std::chrono::steady_clock::now();
  auto saved = machine->snapshots().save("one extended", Deadline::in(patience));
  ASSERT_OK(saved);
  auto saved_at = std::chrono::steady_clock::now();
  EXPECT_EQ(*ask(*machine, "count"), "2");
  ASSERT_OK(ask(*machine, "extend"));
  EXPECT_NE(*ask(*machine, "pcr"), before);
  auto restoring = std::chrono::steady_clock::now();
  ASSERT_OK(machine->snapshots().restore(*saved, Deadline::in(patience)));
  auto restored = std::chrono::steady_clock::now();
  std::printf("save %.3f s, restore %.3f s, each with one question for the TPM\n", std::chrono::duration<double>(saved_at - began).count(),
              std::chrono::duration<double>(restored - restoring).count());
  EXPECT_EQ(*ask(*machine, "pcr"), before);
  EXPECT_EQ(*ask(*machine, "count"), "2");
  auto child = machine->snapshots().save("child", Deadline::in(patience));
  ASSERT_OK(child);
  EXPECT_EQ(machine->snapshots().parent(*child), *saved);
  ASSERT_OK(machine->snapshots().restore(*saved, Deadline::in(patience)));
  ASSERT_OK(machine->snapshots().remove(*child, Deadline::in(patience)));
  EXPECT_EQ(machine->snapshots().list(), std::vector{*saved});
  EXPECT_FALSE(machine->ended().has_value());
}

TEST_F(MachineTest, RestoredTpmThatIsNotWhatItWasIsDivergence) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  int asked = 0;
  machine->snapshots().set_tpm_digest([&](const Deadline&) -> Result<std::string> { return std::to_string(asked++); });
  auto saved = machine->snapshots().save("x", Deadline::in(patience));
  ASSERT_OK(saved);
  EXPECT_EQ(machine->snapshots().restore(*saved, Deadline::in(patience)).error().kind(), ErrorKind::diverged);
}

TEST_F(MachineTest, SnapshotOfAnEndedMachineIsRefusedWithItsEnd) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  tell(*machine, "off");
  ASSERT_OK(machine->wait_for_end(Deadline::in(patience)));
  EXPECT_EQ(machine->snapshots().save("late", Deadline::in(patience)).error().kind(), ErrorKind::guest_lost);
}

/// A machine whose `program` answers nothing any more, and how long it takes from now until nothing is left of the machine.
class SilentMachineTest : public MachineTest {
 protected:
  void stop(std::string_view program) {
    machine_ = start_up();
    ASSERT_NE(machine_, nullptr);
    ASSERT_EQ(::kill(process_of(*machine_, program), SIGSTOP), 0);
    began_ = std::chrono::steady_clock::now();
  }
  void expect_end_within(std::chrono::seconds limit) {
    machine_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - began_, limit);
  }
  std::unique_ptr<Machine> machine_;
  std::chrono::steady_clock::time_point began_;
};

TEST_F(SilentMachineTest, IsNotWaitedForBeyondTheDeadlineOfASnapshot) {
  for (const char* silent : {"qemu-system-x86_64", "swtpm"}) {
    SCOPED_TRACE(silent);
    ASSERT_NO_FATAL_FAILURE(stop(silent));
    auto saved = machine_->snapshots().save("x", Deadline::in(1s));
    ASSERT_FALSE(saved.has_value());
    EXPECT_EQ(saved.error().kind(), ErrorKind::timeout) << saved.error().to_string();
    EXPECT_THAT(saved.error().to_string(), testing::HasSubstr("QEMU (savevm s1-x) did not answer before the deadline"));
    ASSERT_TRUE(machine_->ended().has_value());
    EXPECT_EQ(machine_->ended()->cause, EndCause::stopped);
    expect_end_within(15s);
  }
}

TEST_F(SilentMachineTest, IsNotWaitedForWhenTheRunIsInterrupted) {
  ASSERT_NO_FATAL_FAILURE(stop("qemu-system-x86_64"));
  std::stop_source interrupt;
  std::jthread later([&] {
    std::this_thread::sleep_for(500ms);
    interrupt.request_stop();
  });
  EXPECT_EQ(machine_->snapshots().save("x", Deadline::in(patience, interrupt.get_token())).error().kind(), ErrorKind::interrupted);
  expect_end_within(15s);
}

TEST_F(SilentMachineTest, EndsAtOnceWithoutItsTpm) {
  ASSERT_NO_FATAL_FAILURE(stop("swtpm"));
  EXPECT_TRUE(machine_->kill().has_value());
  expect_end_within(15s);
}

}  // namespace
}  // namespace diglab
