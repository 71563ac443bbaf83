// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "cli/qemu_test/fixture.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A results directory on a file system of its own, of so many KiB.
class FullDiskTest : public BadMachineTest {
 protected:
  void TearDown() override {
    if (mounted_) ::umount2(results().c_str(), MNT_DETACH);
    BadMachineTest::TearDown();
  }
  void mount_results(const std::string& kibibytes) {
    fs::create_directories(results());
    mounted_ = ::mount("tmpfs", results().c_str(), "tmpfs", 0, ("size=" + kibibytes + "k").c_str()) == 0;
    ASSERT_TRUE(mounted_) << "cannot mount";
  }

 private:
  bool mounted_ = false;
};

TEST_F(FullDiskTest, stops_the_run_whether_it_is_full_at_the_start_or_becomes_so) {
  if (::geteuid() != 0) GTEST_SKIP() << "not on this machine: only root may mount";
  scenario("good", "timeout: 60\nsteps: [{id: runs, run: \"exit 0\"}]\n");
  // Enough for the first events, enough for some evidence.
  for (const char* kibibytes : {"8", "64"}) {
    mount_results(kibibytes);
    auto diglab = start_run();
    expect_status(*diglab, 3);
    EXPECT_THAT(diglab->out() + diglab->err(), HasSubstr("No space left on device")) << kibibytes;
    ASSERT_EQ(::umount(results().c_str()), 0);
  }
}

TEST_F(BadMachineTest, a_damaged_kernel_in_the_cache_is_noticed_and_replaced) {
  fs::path cache = own_cache();
  fs::path image = std::getenv("DIGLAB_TEST_KERNEL");
  auto first = start({"kernel", "build", "--kernel", "image:" + image.string()}, {{"DIGLAB_CACHE", cache}});
  expect_status(*first, 0);
  fs::path cached;
  for (const auto& entry : fs::directory_iterator(cache / "kernels"))
    if (fs::exists(entry.path() / "bzImage")) cached = entry.path() / "bzImage";
  ASSERT_FALSE(cached.empty());
  fs::permissions(cached, fs::perms::owner_write, fs::perm_options::add);
  std::fstream file(cached, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(cached) / 2)).put('\x5a').put('\xa5').put('\x5a');
  file.close();
  ASSERT_NE(*sha256_of_file(cached), *sha256_of_file(image));

  auto second = start({"kernel", "build", "--kernel", "image:" + image.string()}, {{"DIGLAB_CACHE", cache}});
  expect_status(*second, 0);
  EXPECT_THAT(second->err(), HasSubstr("damaged"));
  EXPECT_EQ(*sha256_of_file(cached), *sha256_of_file(image));
}

}  // namespace
}  // namespace diglab
