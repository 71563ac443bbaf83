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
  [[nodiscard]] std::ptrdiff_t remembered() const {
    std::error_code none;
    return std::distance(std::filesystem::directory_iterator(scratch_.path() / "cache/acceleration", none), std::filesystem::directory_iterator());
  }
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
  // There may be nothing to try, and a host may be too busy to tell.
  const bool tried = ::access("/dev/kvm", R_OK | W_OK) == 0;
  const bool told = tried && verdict->reason.find("still booting") == std::string::npos;
  EXPECT_EQ(remembered(), told ? 1 : 0);
  auto again = probe_acceleration(*host_, kernel_, Deadline::in(patience));
  ASSERT_OK(again);
  if (told) {
    EXPECT_TRUE(again->cached);
    EXPECT_EQ(again->acceleration, verdict->acceleration);
  }

  // That says nothing of other kernels, and one that was only silent says nothing at all. As old as a kernel can be, this one jumps to where it is.
  const auto before = remembered();
  std::string silent;
  while (silent.size() < 1 << 20) silent += "\xeb\xfe";
  auto file = scratch_.path() / "silent";
  ASSERT_OK(write_file(file, silent));
  auto of_silent = probe_acceleration(*host_, file, Deadline::in(patience), {.boot_time = 3s});
  ASSERT_OK(of_silent);
  EXPECT_FALSE(of_silent->cached);
  EXPECT_EQ(of_silent->acceleration, Acceleration::tcg);
  if (tried) {
    EXPECT_THAT(of_silent->reason, testing::HasSubstr("still booting"));
  }
  EXPECT_EQ(remembered(), before);

  MachineSpec proven = spec();
  proven.acceleration = verdict->acceleration;
  auto machine = start(proven);
  ASSERT_NE(machine, nullptr);
  wait_until_up(*machine);
}

TEST_F(AccelerationTest, ADeviceThatMayNotBeOpenedIsAskedForEachTime) {
  open_unknown_host();
  ASSERT_NE(host_, nullptr);
  auto verdict = probe_acceleration(*host_, kernel_, Deadline::in(patience), {.device = scratch_.path() / "kvm"});
  ASSERT_OK(verdict);
  EXPECT_EQ(verdict->acceleration, Acceleration::tcg);
  EXPECT_THAT(verdict->reason, testing::HasSubstr("there is none"));
  EXPECT_EQ(remembered(), 0);
}

}  // namespace
}  // namespace diglab
