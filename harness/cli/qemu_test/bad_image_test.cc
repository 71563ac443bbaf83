// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>

#include <fstream>

#include "cli/qemu_test/fixture.h"
#include "os/process.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Guest disks that are interrupted, damaged, or made of packages that nobody vouched for.
class BadImageTest : public BadLuckTest {
 protected:
  /// A cache of this test's own that knows the packages of the user's: what is built here is the disk.
  [[nodiscard]] std::map<std::string, std::string> environment() const {
    fs::path cache = own_cache();
    for (const char* part : {"apt", "rpms"})
      if (fs::exists(users_cache() / part) && !fs::exists(cache / part))
        fs::copy(users_cache() / part, cache / part, fs::copy_options::recursive | fs::copy_options::create_hard_links);
    return {{"DIGLAB_CACHE", cache}};
  }
  std::unique_ptr<StartedDiglab> start_build(std::vector<std::string> more = {}) {
    std::vector<std::string> all{"image", "build", "minimal", "--without-modules"};
    all.insert(all.end(), more.begin(), more.end());
    return start(std::move(all), environment());
  }
  [[nodiscard]] std::vector<fs::path> disks() const {
    std::vector<fs::path> found;
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(scratch_.path() / "cache/images", none))
      if (entry.path().filename() == "disk.img") found.push_back(entry.path());
    return found;
  }
};

TEST_F(BadImageTest, an_interrupted_build_leaves_nothing_and_damage_is_noticed) {
  auto interrupted = start_build();
  ASSERT_TRUE(eventually([&] { return interrupted->err().find("installing") != std::string::npos || interrupted->wait(0s) != -1; }, patience));
  interrupted->signal(SIGINT);
  EXPECT_EQ(interrupted->wait(30s), 130) << interrupted->out() << interrupted->err();
  EXPECT_THAT(disks(), IsEmpty());

  auto next = start_build();
  expect_status(*next, 0);
  ASSERT_EQ(disks().size(), 1U);
  auto disk = disks().front();
  auto intact = sha256_of_file(disk);
  ASSERT_TRUE(intact);

  fs::permissions(disk, fs::perms::owner_write, fs::perm_options::add);
  std::fstream damage(disk, std::ios::in | std::ios::out | std::ios::binary);
  damage.seekp(1 << 20).put('\x5a');
  damage.close();
  auto again = start_build();
  expect_status(*again, 0);
  EXPECT_THAT(again->err(), HasSubstr("installing")) << "a damaged disk is built again";
  ASSERT_EQ(disks().size(), 1U);
  EXPECT_EQ(*sha256_of_file(disks().front()), *intact);
}

TEST_F(BadImageTest, a_package_with_a_bad_signature_is_refused_by_name) {
  // The packages that a minimal guest is made of, one of them with one byte of its signature changed and listed as it is.
  auto settings = environment();
  fs::path repository = scratch_.path() / "repository";
  fs::create_directories(repository);
  fs::path package;
  for (const auto& entry : fs::recursive_directory_iterator(scratch_.path() / "cache/rpms")) {
    if (entry.path().extension() != ".rpm") continue;
    if (entry.path().filename().string().starts_with("libaudit-common-"))
      package = entry.path();
    else if (!fs::exists(repository / entry.path().filename()))
      fs::create_hard_link(entry.path(), repository / entry.path().filename());
  }
  if (package.empty()) GTEST_SKIP() << "no packages in the cache: diglab image build minimal makes them";
  auto bytes = read_file(package);
  ASSERT_TRUE(bytes);
  // Behind the lead of 96 bytes: a PGP signature of version 4, over a binary document, with RSA and SHA-256.
  auto packet = bytes->find(std::string("\x04\x00\x01\x08", 4), 96);
  ASSERT_NE(packet, std::string::npos);
  (*bytes)[packet + 300] = static_cast<char>((*bytes)[packet + 300] ^ 1);
  ASSERT_TRUE(write_file(repository / package.filename(), *bytes));
  SystemProcesses processes;
  RunOptions options;
  options.deadline = Deadline::in(60s, {});
  auto indexed = processes.run({"createrepo_c", "--quiet", repository.string()}, options);
  ASSERT_TRUE(indexed && indexed->end.succeeded());

  auto diglab = start_build({"--repo", repository, "--key", settings.at("DIGLAB_CACHE") + "/keys/RPM-GPG-KEY-diglab", "--package", "libaudit-common"});
  expect_status(*diglab, 2);
  EXPECT_THAT(diglab->err(), AllOf(HasSubstr("libaudit-common"), HasSubstr("GPG check FAILED")));
  EXPECT_THAT(disks(), IsEmpty());

  // Of the refused package nothing stays in the cache that a disk is made of next.
  auto next = start_build();
  expect_status(*next, 0);
  EXPECT_THAT(disks(), SizeIs(1));
}

}  // namespace
}  // namespace diglab
