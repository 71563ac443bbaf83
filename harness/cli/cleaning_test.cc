// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cleaning.h"

#include <gmock/gmock.h>

#include <set>

#include "machine/run_directory.h"
#include "os/files.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace fs = std::filesystem;

class CleaningTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {"cache/kernels/0123/bzImage", "cache/kernels/.build-0123/out", "cache/kernels/locks/0123", "cache/kernel-sources/89ab/Makefile",
                             "cache/kernel-sources/lock", "cache/images/minimal-0123/disk.img", "cache/initramfs/0.cpio", "cache/rpms/0/a.rpm", "cache/apt/sid/a.deb",
                             "cache/building/image.1/root/x", "cache/keys/0.pem", "cache/keys.ABCDEF/0.pem", "cache/own-key-0/own.gpg", "cache/build/0/.release.lock",
                             "cache/build/0/release/x", "cache/install.log", "cache/image.lock", "cache/keys.lock", "cache/photos/me.png", "cache/notes.txt",
                             "cache/old/kernels/x", "results/1/report.html", "results/baselines/boot.json"})
      ASSERT_TRUE(write_file(scratch_.path() / file, "x").has_value());
  }
  Result<void> cleaned(const Cleaning& what) {
    return clean(what, {.cache = scratch_.path() / "cache", .results = scratch_.path() / "results", .runs = scratch_.path() / "runs"}, processes_,
                 [&](const fs::path& place, std::uintmax_t bytes) { said_[place.filename()] = bytes; }, Deadline::in(10s));
  }
  /// Files, as set up.
  [[nodiscard]] std::set<std::string> left() const {
    std::set<std::string> files;
    for (const char* top : {"cache", "results"})
      for (const auto& entry : fs::recursive_directory_iterator(scratch_.path() / top))
        if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), scratch_.path()));
    return files;
  }

  TempDir scratch_ = *TempDir::make({}, "diglab-cleaning");
  SystemProcesses processes_;
  std::map<std::string, std::uintmax_t> said_;
};

TEST_F(CleaningTest, TakesEverythingOfOursAndNothingElse) {
  auto done = cleaned({.everything = true});
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  EXPECT_EQ(left(), (std::set<std::string>{"cache/kernels/locks/0123", "cache/kernel-sources/lock", "cache/image.lock", "cache/keys.lock", "cache/photos/me.png",
                                           "cache/notes.txt", "cache/old/kernels/x", "results/baselines/boot.json"}));
  EXPECT_EQ(said_["kernels"], 2u);
  EXPECT_FALSE(said_.contains("photos"));
  said_.clear();
  EXPECT_TRUE(cleaned({.everything = true}).has_value());
  EXPECT_FALSE(said_.contains("images")) << "an empty directory is nothing to speak of";
}

TEST_F(CleaningTest, TakesWithKernelsTheirSourcesAndWithImagesTheirPackages) {
  const auto all = left();
  auto taken = [&](const Cleaning& what) {
    auto done = cleaned(what);
    EXPECT_TRUE(done.has_value()) << done.error().to_string();
    std::set<std::string> gone;
    std::ranges::set_difference(all, left(), std::inserter(gone, gone.end()));
    SetUp();
    return gone;
  };
  EXPECT_EQ(taken({.kernels = true}), (std::set<std::string>{"cache/kernels/0123/bzImage", "cache/kernels/.build-0123/out", "cache/kernel-sources/89ab/Makefile"}));
  EXPECT_EQ(taken({.images = true}), (std::set<std::string>{"cache/images/minimal-0123/disk.img", "cache/initramfs/0.cpio", "cache/rpms/0/a.rpm",
                                                            "cache/apt/sid/a.deb", "cache/building/image.1/root/x"}));
  EXPECT_EQ(taken({.results = true}), (std::set<std::string>{"results/1/report.html"}));
  EXPECT_EQ(taken({.everything = true, .only_name = true}), std::set<std::string>{});
  EXPECT_EQ(said_["images"], 1u);
}

TEST_F(CleaningTest, LetsWhoIsAtWorkFinish) {
  const auto all = left();
  for (const char* held : {"cache/image.lock", "cache/kernels/locks/0123", "cache/build/0/.release.lock"}) {
    auto lock = FileLock::try_acquire(scratch_.path() / held);
    ASSERT_TRUE(lock && *lock);
    auto refused = cleaned({.images = true});
    ASSERT_FALSE(refused.has_value()) << held;
    EXPECT_THAT(refused.error().to_string(), HasSubstr(held));
    EXPECT_EQ(left(), all);
    EXPECT_TRUE(cleaned({.images = true, .only_name = true}).has_value());
  }
  {
    auto run = RunDirectory::open(scratch_.path() / "runs", {}, Deadline::in(10s));
    ASSERT_TRUE(run.has_value());
    auto refused = cleaned({.results = true});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().to_string(), HasSubstr((*run)->path().string()));
    EXPECT_EQ(left(), all);
  }
  EXPECT_TRUE(cleaned({.results = true}).has_value());
  EXPECT_NE(left(), all);
}

}  // namespace
}  // namespace diglab
