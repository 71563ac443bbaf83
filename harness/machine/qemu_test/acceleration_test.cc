// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <unistd.h>

#include "machine/acceleration.h"
#include "machine/qemu_test/fixture.h"

namespace diglab {
namespace {

class AccelerationTest : public MachineTest {
 protected:
  /// A host that knows no verdict, but what libvirt knows of QEMU.
  void open_unknown_host() {
    HostOptions with = options();
    auto cache = with.cache_dir;
    with.cache_dir = scratch_.path() / "cache";
    ASSERT_OK(make_directories(with.cache_dir));
    ASSERT_OK(make_directories(cache / "libvirt"));
    std::filesystem::create_directory_symlink(std::filesystem::absolute(cache) / "libvirt", with.cache_dir / "libvirt");
    open_host(with);
  }
  [[nodiscard]] bool remembers_something() const { return std::filesystem::exists(scratch_.path() / "cache/acceleration"); }
};

TEST_F(AccelerationTest, IsProvenInBoundedTimeAndRemembered) {
  open_unknown_host();
  ASSERT_NE(host_, nullptr);
  auto began = std::chrono::steady_clock::now();
  auto verdict = probe_acceleration(*host_, kernel_, Deadline::in(patience));
  ASSERT_OK(verdict);
  std::printf("%s: %s (%.1f s)\n", std::string(to_string(verdict->acceleration)).c_str(), verdict->reason.c_str(),
              std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  EXPECT_LT(std::chrono::steady_clock::now() - began, patience);
  EXPECT_FALSE(verdict->cached);
  EXPECT_FALSE(verdict->reason.empty());
  // Unless the host was too busy to tell: then there is nothing to remember.
  if (verdict->reason.find("still booting") != std::string::npos) GTEST_SKIP() << verdict->reason;
  auto again = probe_acceleration(*host_, kernel_, Deadline::in(patience));
  ASSERT_OK(again);
  EXPECT_TRUE(again->cached);
  EXPECT_EQ(again->acceleration, verdict->acceleration);
  MachineSpec proven = spec();
  proven.acceleration = verdict->acceleration;
  auto machine = start(proven);
  ASSERT_NE(machine, nullptr);
  wait_until_up(*machine);
}

TEST_F(AccelerationTest, ADeviceThatMayNotBeOpenedIsAskedForEachTime) {
  open_unknown_host();
  ASSERT_NE(host_, nullptr);
  auto verdict = probe_acceleration(*host_, kernel_, Deadline::in(patience), scratch_.path() / "kvm");
  ASSERT_OK(verdict);
  EXPECT_EQ(verdict->acceleration, Acceleration::tcg);
  EXPECT_THAT(verdict->reason, testing::HasSubstr("there is none"));
  EXPECT_FALSE(remembers_something());
}

TEST_F(AccelerationTest, AKernelThatIsSilentSaysNothingOfOthers) {
  if (::access("/dev/kvm", R_OK | W_OK) != 0) GTEST_SKIP() << "no KVM to try";
  open_unknown_host();
  ASSERT_NE(host_, nullptr);
  // As old as a kernel can be, it only jumps to where it is.
  std::string silent;
  while (silent.size() < 1 << 20) silent += "\xeb\xfe";
  auto file = scratch_.path() / "silent";
  ASSERT_OK(write_file(file, silent));
  auto of_silent = probe_acceleration(*host_, file, Deadline::in(patience));
  ASSERT_OK(of_silent);
  EXPECT_EQ(of_silent->acceleration, Acceleration::tcg);
  std::printf("%s\n", of_silent->reason.c_str());
  // KVM may have complained; if nothing was heard, nothing was learnt.
  EXPECT_NE(of_silent->reason.find("still booting") != std::string::npos, remembers_something());
  auto verdict = probe_acceleration(*host_, kernel_, Deadline::in(patience));
  ASSERT_OK(verdict);
  EXPECT_FALSE(verdict->cached) << verdict->reason;
}

}  // namespace
}  // namespace diglab
