// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "machine/qemu_test/fixture.h"

namespace diglab {
namespace {

TEST_F(MachineTest, SnapshotBringsBackMemoryAndTpm) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  machine->snapshots().set_tpm_digest([&] { return ask(*machine, "pcr"); });
  EXPECT_EQ(*ask(*machine, "count"), "1");
  ASSERT_OK(ask(*machine, "extend"));
  std::string before = *ask(*machine, "pcr");
  auto began = std::chrono::steady_clock::now();
  auto saved = machine->snapshots().save("one extended");
  ASSERT_OK(saved);
  auto saved_at = std::chrono::steady_clock::now();
  EXPECT_EQ(*ask(*machine, "count"), "2");
  ASSERT_OK(ask(*machine, "extend"));
  EXPECT_NE(*ask(*machine, "pcr"), before);
  auto restoring = std::chrono::steady_clock::now();
  ASSERT_OK(machine->snapshots().restore(*saved));
  auto restored = std::chrono::steady_clock::now();
  std::printf("save %.3f s, restore %.3f s, each with one question for the TPM\n", std::chrono::duration<double>(saved_at - began).count(),
              std::chrono::duration<double>(restored - restoring).count());
  EXPECT_EQ(*ask(*machine, "pcr"), before);
  EXPECT_EQ(*ask(*machine, "count"), "2");
  auto child = machine->snapshots().save("child");
  ASSERT_OK(child);
  EXPECT_EQ(machine->snapshots().parent(*child), *saved);
  ASSERT_OK(machine->snapshots().restore(*saved));
  ASSERT_OK(machine->snapshots().remove(*child));
  EXPECT_EQ(machine->snapshots().list(), std::vector{*saved});
  EXPECT_FALSE(machine->ended().has_value());
}

TEST_F(MachineTest, RestoredTpmThatIsNotWhatItWasIsDivergence) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  int asked = 0;
  machine->snapshots().set_tpm_digest([&]() -> Result<std::string> { return std::to_string(asked++); });
  auto saved = machine->snapshots().save("x");
  ASSERT_OK(saved);
  EXPECT_EQ(machine->snapshots().restore(*saved).error().kind(), ErrorKind::diverged);
}

TEST_F(MachineTest, SnapshotOfAnEndedMachineIsRefusedWithItsEnd) {
  auto machine = start_up();
  ASSERT_NE(machine, nullptr);
  tell(*machine, "off");
  ASSERT_OK(machine->wait_for_end(Deadline::in(patience)));
  EXPECT_EQ(machine->snapshots().save("late").error().kind(), ErrorKind::guest_lost);
}

}  // namespace
}  // namespace diglab
