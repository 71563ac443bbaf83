// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/deb_unpack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>

#include "os/files.h"
#include "os/process.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;

class UnpackedDebTest : public testing::Test {
 protected:
  /// What tree() holds, as a package.
  fs::path package() {
    const fs::path deb = directory_.path() / "toy.deb";
    EXPECT_TRUE(write_file(tree() / "DEBIAN/control", "Package: toy\nVersion: 1\nArchitecture: all\nMaintainer: t\nDescription: t\n"));
    const auto made = processes_.check(Command{"dpkg-deb", "--root-owner-group", "--build", tree().string(), deb.string()},
                                       {.deadline = Deadline::in(std::chrono::seconds(20)), .input = {}, .on_line = {}});
    EXPECT_TRUE(made) << made.error().to_string();
    return deb;
  }
  fs::path tree() const { return directory_.path() / "tree"; }
  fs::path root() const { return directory_.path() / "root"; }

  TempDir directory_ = *TempDir::make({}, "diglab-deb");
  SystemProcesses processes_;
};

TEST_F(UnpackedDebTest, has_files_links_and_times_as_packed_and_permissions_for_the_builder) {
  ASSERT_TRUE(write_file(tree() / "usr/bin/toy", "toy"));
  ASSERT_TRUE(write_file(tree() / "bin/former", ""));
  ASSERT_TRUE(write_file(tree() / "usr/share/toy/data", ""));
  fs::permissions(tree() / "usr/bin/toy", fs::perms(04755));
  fs::create_hard_link(tree() / "usr/bin/toy", tree() / "usr/bin/twin");
  fs::create_symlink("toy", tree() / "usr/bin/alias");
  const std::array before{timespec{.tv_sec = 1'000'000'000, .tv_nsec = 0}, timespec{.tv_sec = 1'000'000'000, .tv_nsec = 0}};
  for (const char* each : {"usr/bin/toy", "usr/share/toy"}) ::utimensat(AT_FDCWD, (tree() / each).c_str(), before.data(), 0);

  const auto deb = unpack_deb(package(), root());
  ASSERT_TRUE(deb) << deb.error().to_string();
  EXPECT_EQ(deb->control.name, "toy");
  EXPECT_THAT(deb->former_names, ElementsAre("/bin/former"));
  EXPECT_THAT(deb->paths, Contains(AllOf(Field(&OwnedPath::path, "/usr/bin/toy"), Field(&OwnedPath::mode, 04755U))));
  EXPECT_EQ(*read_file(root() / "usr/bin/toy"), "toy");
  EXPECT_EQ(fs::status(root() / "usr/bin/toy").permissions(), fs::perms(0711));
  EXPECT_TRUE(fs::equivalent(root() / "usr/bin/toy", root() / "usr/bin/twin"));
  EXPECT_EQ(fs::read_symlink(root() / "usr/bin/alias"), "toy");
  for (const char* each : {"usr/bin/toy", "usr/share/toy"}) {
    struct stat status {};
    ASSERT_EQ(::stat((root() / each).c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, 1'000'000'000) << each;
  }
}

// Other threads make files meanwhile: a umask that is away for a moment makes directories that anybody may write to.
TEST_F(UnpackedDebTest, leaves_the_umask_of_the_process_alone) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(write_file(tree() / fmt::format("usr/share/toy/{}", i), "toy"));
  const auto deb = package();
  const auto umask_now = [] {
    const auto status = *read_file("/proc/thread-self/status");
    return status.substr(status.find("\nUmask:") + 7, 6);
  };
  const auto before = umask_now();
  std::atomic<bool> done = false;
  std::set<std::string> seen;
  std::jthread watcher([&] {
    while (!done) seen.insert(umask_now());
  });
  {
    std::vector<std::jthread> unpackers;
    for (const char* name : {"one", "other"})
      unpackers.emplace_back([&, name] {
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(unpack_deb(deb, directory_.path() / fmt::format("{}-{}", name, i)));
      });
  }
  done = true;
  watcher.join();
  EXPECT_THAT(seen, ElementsAre(before));
}

}  // namespace
}  // namespace diglab
