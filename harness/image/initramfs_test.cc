// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/initramfs.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "image/package_tree.h"
#include "packages/package_set.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PackagedFile entry(std::string path, std::uint32_t mode, std::string target = {}) {
  PackagedFile file;
  file.path = std::move(path);
  file.mode = mode;
  file.link_target = std::move(target);
  return file;
}

/// A merged /usr, with a program behind two links and links that lead nowhere.
PackageSet merged_usr() {
  Package base;
  base.name = "base";
  for (const char* directory : {"/usr", "/usr/bin", "/usr/lib", "/etc"}) base.files.push_back(entry(directory, S_IFDIR | 0755));
  base.files.push_back(entry("/bin", S_IFLNK | 0777, "usr/bin"));
  base.files.push_back(entry("/usr/bin/loop", S_IFLNK | 0777, "loop"));
  base.files.push_back(entry("/usr/bin/dangling", S_IFLNK | 0777, "../lib/nothing"));
  Package tools;
  tools.name = "tools";
  tools.files.push_back(entry("/usr/bin/kmod", S_IFREG | 0755));
  tools.files.push_back(entry("/usr/bin/modprobe", S_IFLNK | 0777, "/bin/kmod"));
  tools.files.push_back(entry("/usr/bin/up", S_IFLNK | 0777, "../../usr/./bin/kmod"));
  PackagedFile ghost = entry("/etc/ghost", S_IFREG | 0644);
  ghost.flags = 0x40;
  tools.files.push_back(ghost);
  tools.files.push_back(entry("/opt/nobodys/file", S_IFREG | 0644));
  return PackageSet({base, tools});
}

std::vector<std::string> way(std::string_view path) {
  const PackageSet packages = merged_usr();
  std::vector<std::string> paths;
  for (const auto& place : PackageTree(packages).way_to(path)) paths.push_back(place.file->path);
  return paths;
}

TEST(PackageTree, goes_through_directories_and_links_to_the_file) {
  EXPECT_THAT(way("/usr/bin/kmod"), ElementsAre("/usr", "/usr/bin", "/usr/bin/kmod"));
  EXPECT_THAT(way("/bin/modprobe"), ElementsAre("/bin", "/usr", "/usr/bin", "/usr/bin/modprobe", "/usr/bin/kmod"));
  EXPECT_THAT(way("/usr/bin/up"), ElementsAre("/usr", "/usr/bin", "/usr/bin/up", "/usr/bin/kmod"));
}

TEST(PackageTree, passes_directories_that_no_package_has) {
  EXPECT_THAT(way("/opt/nobodys/file"), ElementsAre("/opt/nobodys/file"));
  EXPECT_THAT(way("/opt/nobodys"), IsEmpty());
}

TEST(PackageTree, ends_with_what_is_there_even_if_it_was_passed_before) {
  EXPECT_THAT(way("/bin"), ElementsAre("/bin", "/usr", "/usr/bin"));
  EXPECT_THAT(way("/usr/bin/../lib/.."), ElementsAre("/usr/bin", "/usr/lib", "/usr"));
}

TEST(PackageTree, finds_nothing_where_no_package_has_anything) {
  EXPECT_THAT(way("/usr/bin/nothing"), IsEmpty());
  EXPECT_THAT(way("/usr/bin/dangling"), IsEmpty());
  EXPECT_THAT(way("/usr/bin/loop"), IsEmpty());
  EXPECT_THAT(way("/etc/ghost"), IsEmpty());
}

}  // namespace
}  // namespace diglab
