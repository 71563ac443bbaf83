// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/rpm_spec.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::HasSubstr;
using testing::Not;

PackageDescription coreutils() {
  PackageDescription package;
  package.name = "coreutils";
  package.version = {"2", "9.1", "1"};
  package.summary = "100% GNU";
  package.requires_list = {"libc6 >= 2.34"};
  package.obsoletes = {"fileutils"};
  package.paths = {{PathKind::file, "/usr/bin/[", 0755}, {PathKind::directory, "/usr/bin", 0755},
                   {PathKind::symlink, "/usr/bin/x", 0777}, {PathKind::file, "/usr/bin/su", 04755, "root", "shadow"},
                   {PathKind::ghost, "/var/db", 0644}};
  return package;
}

TEST(Spec, states_what_the_description_says) {
  const auto spec = spec_of(coreutils());
  EXPECT_THAT(spec, HasSubstr("Name: coreutils\nVersion: 9.1\nRelease: 1\nEpoch: 2\n"));
  EXPECT_THAT(spec, HasSubstr("Requires: libc6 >= 2.34\n"));
  EXPECT_THAT(spec, HasSubstr("Obsoletes: fileutils\n"));
  EXPECT_THAT(spec, HasSubstr("%dir %attr(0755,root,root) \"/usr/bin\"\n"));
  EXPECT_THAT(spec, HasSubstr("%attr(4755,root,shadow) \"/usr/bin/su\"\n"));
  EXPECT_THAT(spec, HasSubstr("%attr(-,root,root) \"/usr/bin/x\"\n"));
  EXPECT_THAT(spec, HasSubstr("%ghost %attr(0644,root,root) \"/var/db\"\n"));
  EXPECT_THAT(spec, Not(HasSubstr("%post")));
}

TEST(Spec, keeps_globs_and_macros_literal) {
  const auto spec = spec_of(coreutils());
  EXPECT_THAT(spec, HasSubstr("\"/usr/bin/[[]\"\n"));
  EXPECT_THAT(spec, HasSubstr("Summary: 100%% GNU\n"));
  EXPECT_EQ(spec_path("/a%b*c?d"), "/a%%b[*]c[?]d");
}

TEST(Spec, does_not_depend_on_the_order_of_the_paths) {
  auto other = coreutils();
  std::swap(other.paths.front(), other.paths.back());
  EXPECT_EQ(spec_of(coreutils()), spec_of(other));
}

TEST(UsrMerge, moves_the_four_directories_and_nothing_else) {
  EXPECT_EQ(usr_merged("/bin/bash"), "/usr/bin/bash");
  EXPECT_EQ(usr_merged("/sbin"), "/usr/sbin");
  EXPECT_EQ(usr_merged("/lib/x86_64-linux-gnu/libc.so.6"), "/usr/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_EQ(usr_merged("/lib64/ld-linux-x86-64.so.2"), "/usr/lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(usr_merged("/library"), "/library");
  EXPECT_EQ(usr_merged("/etc/bin"), "/etc/bin");
  EXPECT_EQ(usr_merged("/usr/lib/x"), "/usr/lib/x");
}

TEST(LeftOut, is_documentation_but_no_configuration) {
  EXPECT_TRUE(is_left_out("/usr/share/doc"));
  EXPECT_TRUE(is_left_out("/usr/share/man/man1/ls.1.gz"));
  EXPECT_FALSE(is_left_out("/usr/share/documents"));
  EXPECT_FALSE(is_left_out("/etc/passwd"));
}

}  // namespace
}  // namespace diglab
