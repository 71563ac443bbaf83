// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/root.h"

#include <gtest/gtest.h>

#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

using ARoot = TestSystem;

TEST_F(ARoot, follows_links_inside_itself_only) {
  put(at("/usr/bin/sh"), "shell");
  fs::create_directory_symlink("usr/bin", at("/bin"));
  fs::create_symlink("/usr/bin/sh", at("/usr/bin/absolute"));
  fs::create_symlink("../../../../../../../../usr/bin/sh", at("/usr/bin/climbing"));
  const Root system(root());
  for (const char* path : {"/bin/sh", "/usr/bin/absolute", "/bin/climbing", "/../../usr/bin/sh"})
    EXPECT_EQ(get(system(path)), "shell") << path;
}

TEST_F(ARoot, puts_what_is_not_there_below_what_is) {
  fs::create_directories(at("/usr/lib"));
  fs::create_directory_symlink("usr/lib", at("/lib"));
  EXPECT_EQ(Root(root())("/lib/new/file"), fs::canonical(at("/usr/lib")) / "new/file");
}

TEST_F(ARoot, follows_links_to_what_is_not_there_inside) {
  fs::create_symlink(outside(""), at("/var"));
  fs::create_symlink("../new", at("/etc/file"));
  fs::create_symlink("endless", at("/etc/endless"));
  const Root system(root());
  const auto here = fs::canonical(root());
  EXPECT_EQ(system("/var/lib/x"), here / outside("lib/x").relative_path());
  EXPECT_EQ(system("/etc/file"), here / "new");
  EXPECT_EQ(system("/etc/endless/x"), here / "etc/endless/x");
}

TEST_F(ARoot, of_the_running_system_changes_nothing) {
  EXPECT_EQ(Root()("/bin/sh"), "/bin/sh");
}

TEST_F(ARoot, knows_the_path_of_a_file_of_its_own) {
  const Root system(root());
  EXPECT_EQ(system.inside(system("/etc/diglim")), "/etc/diglim");
  EXPECT_EQ(system.inside("/somewhere/else"), "/somewhere/else");
}

}  // namespace
}  // namespace diglim::tool
