// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "machine/acceleration.h"
#include "machine/qemu_test/fixture.h"

namespace diglab {
namespace {

TEST_F(MachineTest, AccelerationIsProvenInBoundedTimeAndRemembered) {
  HostOptions with = options();
  auto cache = with.cache_dir;
  with.cache_dir = scratch_.path() / "cache";
  ASSERT_OK(make_directories(with.cache_dir));
  ASSERT_OK(make_directories(cache / "libvirt"));
  std::filesystem::create_directory_symlink(std::filesystem::absolute(cache) / "libvirt", with.cache_dir / "libvirt");
  open_host(with);
  ASSERT_NE(host_, nullptr);
  auto began = std::chrono::steady_clock::now();
  auto verdict = probe_acceleration(*host_, kernel_, Deadline::in(patience));
  ASSERT_OK(verdict);
  std::printf("%s: %s (%.1f s)\n", std::string(to_string(verdict->acceleration)).c_str(), verdict->reason.c_str(),
              std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  EXPECT_LT(std::chrono::steady_clock::now() - began, patience);
  EXPECT_FALSE(verdict->cached);
  EXPECT_FALSE(verdict->reason.empty());
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

}  // namespace
}  // namespace diglab
