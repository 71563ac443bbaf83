// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/build_output.h"
#include "kernel/kernel_config.h"
#include "kernel/kernel_image.h"
#include "kernel/kernel_source.h"
#include "kernel/patch_series.h"
#include "kernel/source_tree.h"
#include "kernel/tiny_kernel_lab_test.h"

namespace diglab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(KernelChoiceTest, ReadsEveryForm) {
  EXPECT_EQ(parse_kernel_choice("debian")->source, KernelSource(DebianSource{}));
  EXPECT_EQ(parse_kernel_choice("tree:/src/linux", "diglim")->source, KernelSource(TreeSource{"/src/linux"}));
  EXPECT_EQ(parse_kernel_choice("tree:/src/linux", "diglim")->flavour, "diglim");
  EXPECT_EQ(parse_kernel_choice("image:b/bzImage")->source, KernelSource(ImageSource{"b/bzImage"}));
  EXPECT_EQ(parse_kernel_choice("diglim-debug")->flavour, "diglim-debug");
}

TEST(KernelChoiceTest, SaysWhatWouldHaveBeenRight) {
  for (const char* wrong : {"", "tree:", "image:", "Debian", "/boot/vmlinuz"}) {
    auto choice = parse_kernel_choice(wrong);
    ASSERT_FALSE(choice) << wrong;
    EXPECT_EQ(choice.error().kind(), ErrorKind::usage);
  }
}

TEST(KernelConfigTest, LaterFragmentsWinAndCountsAreRight) {
  auto config = *KernelConfig::parse("# text\nCONFIG_A=y\nCONFIG_B=m\nCONFIG_S=\"x=y\"\n# CONFIG_C is not set\n", "base");
  config.merge(*KernelConfig::parse("CONFIG_C=y\n# CONFIG_A is not set\n", "later"));
  EXPECT_EQ(config.enabled(), 2);
  EXPECT_EQ(config.value("CONFIG_A"), "n");
  EXPECT_EQ(config.value("CONFIG_S"), "\"x=y\"");
  EXPECT_EQ(config.to_text(), "# CONFIG_A is not set\nCONFIG_B=m\nCONFIG_C=y\nCONFIG_S=\"x=y\"\n");
}

TEST(KernelConfigTest, NamesOptionAndValueThatDiffer) {
  auto config = *KernelConfig::parse("CONFIG_A=m\n", "finished");
  auto must = *KernelConfig::parse("CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n", "must");
  EXPECT_THAT(config.differences_from(must), ElementsAre("CONFIG_A: expected y, found m", "CONFIG_B: expected y, found n"));
}

TEST(KernelConfigTest, RefusesWhatIsNoConfigurationWithItsLine) {
  auto config = KernelConfig::parse("CONFIG_A=y\nCONFIG_B y\n", "my.config");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(config.error().to_string(), HasSubstr("my.config:2: "));
}

TEST(BuildOutputTest, CountsStepsAndNothingElse) {
  StepCounter steps(4);
  EXPECT_EQ(steps.feed("  CC      fs/exec.o"), "fs/exec.o");
  EXPECT_EQ(steps.feed("  LD [M]  lib/crc7.ko"), "lib/crc7.ko");
  EXPECT_FALSE(steps.feed("make[1]: Entering directory '/x'"));
  EXPECT_FALSE(steps.feed("  note: included from here"));
  EXPECT_FALSE(steps.feed("Kernel: arch/x86/boot/bzImage is ready  (#1)"));
  EXPECT_DOUBLE_EQ(*steps.fraction(), 0.5);
  for (int i = 0; i < 9; ++i) steps.feed("  CC      fs/exec.o");
  EXPECT_DOUBLE_EQ(*steps.fraction(), 0.99);
  EXPECT_FALSE(StepCounter(0).fraction());
}

TEST(BuildOutputTest, CountsPlannedSteps) {
  EXPECT_EQ(count_planned_steps("set -e;  echo '  CC      init/main.o';   gcc -c\n# comment\nset -e; echo 'plain'\n exec >&2; echo '  AR      built-in.a'; rm\n"), 2);
}

TEST(BuildOutputTest, PutsTheCompilersErrorFirst) {
  EXPECT_EQ(first_errors("  CC      a.o\n../security/a.c:3:1: error: expected ';'\n    3 | int x\nmake[3]: *** [x: a.o] Error 1\nmake: *** [sub-make] Error 2\n"),
            "security/a.c:3:1: error: expected ';'");
  EXPECT_EQ(first_errors("make: *** No targets.  Stop.\n"), "make: *** No targets.  Stop.");
  EXPECT_EQ(first_errors("one\ntwo\nthree\n", 2), "two\nthree");
}

TEST(BuildOutputTest, TellsTheHostsTroubleFromTheTrees) {
  EXPECT_THAT(host_trouble("a.c:1: error: x\nfatal error: error writing to a.s: No space left on device\n"), HasSubstr("No space left"));
  EXPECT_EQ(host_trouble("a.c:1: error: x\n"), "");
}

TEST(PatchFailureTest, NamesFileHunkAndLine) {
  EXPECT_EQ(explain_patch_failure("patching file ima/a.c\nHunk #1 succeeded at 7 (offset 2 lines).\npatching file ima/b.c\n"
                                  "Hunk #2 FAILED at 31.\nHunk #3 FAILED at 40.\n2 out of 3 hunks FAILED\n"),
            "ima/b.c: hunk 2 (line 31) does not fit, hunk 3 (line 40) does not fit, of 3 hunks");
  EXPECT_EQ(explain_patch_failure("can't find file to patch at input line 6\n|--- a/no/file.c\n|+++ b/no/file.c\nNo file to patch.  Skipping patch.\n"
                                  "2 out of 2 hunks ignored\n"),
            "no/file.c: no such file in the tree");
  EXPECT_EQ(explain_patch_failure("patch: **** Only garbage was found in the patch input.\n"), "Only garbage was found in the patch input.");
}

TEST(BzImageTest, ReadsTheReleaseAndRefusesEverythingElse) {
  Bytes image(0x400, 0);
  image[0x1fe] = 0x55, image[0x1ff] = 0xaa;
  std::string_view magic = "HdrS", version = "6.12.1-test (a@b) #1";
  std::ranges::copy(magic, image.begin() + 0x202);
  image[0x20e] = 0x00, image[0x20f] = 0x01;
  std::ranges::copy(version, image.begin() + 0x300);
  EXPECT_EQ(*release_of_bzimage(image), "6.12.1-test");
  for (std::size_t size = 0; size < 0x301; ++size) EXPECT_FALSE(release_of_bzimage(ByteView(image).first(size))) << size;
  image[0x20f] = 0xff;
  EXPECT_FALSE(release_of_bzimage(image));
  image[0x202] = 'h';
  EXPECT_EQ(release_of_bzimage(image).error().kind(), ErrorKind::bad_input);
}

class SourceTreesTest : public ::testing::Test {
 protected:
  std::string identity(const std::filesystem::path& path) {
    auto state = trees.identify(TreeSource{path}, Deadline::never());
    EXPECT_TRUE(state) << state.error().to_string();
    return state ? state->identity : "";
  }
  TinyKernelLab lab;
  SystemProcesses processes;
  SourceTrees trees{lab.cache(), processes, lab.tarball()};
};

TEST_F(SourceTreesTest, AGitTreeIsItsCommitItsChangesAndItsNewFiles) {
  lab.shell("cd linux; git init -q; echo '*.o' > .gitignore; git add .; git -c user.name=a -c user.email=a@b commit -qm x");
  const std::string committed = identity(lab.tree());
  lab.put("linux/init/main.o", "result of a build");
  lab.put("linux/.config", "");
  lab.shell("cd linux; echo .config > .git/info/exclude");
  EXPECT_EQ(identity(lab.tree()), committed);
  lab.put("linux/init/new.c", "one");
  const std::string with_new = identity(lab.tree());
  EXPECT_NE(with_new, committed);
  lab.put("linux/init/new.c", "two");
  EXPECT_NE(identity(lab.tree()), with_new);
  lab.shell("cd linux; rm init/new.c; echo change >> init/main.c");
  EXPECT_NE(identity(lab.tree()), committed);

  auto state = *trees.identify(TreeSource{lab.tree()}, Deadline::never());
  ASSERT_TRUE(trees.place(state, lab.root() / "copy", [](auto...) {}, Deadline::never()));
  EXPECT_TRUE(std::filesystem::exists(lab.root() / "copy/init/main.c"));
  EXPECT_FALSE(std::filesystem::exists(lab.root() / "copy/init/main.o"));
}

TEST_F(SourceTreesTest, APlainTreeIsItsContent) {
  const std::string before = identity(lab.tree());
  lab.shell("cp -a linux other");
  EXPECT_EQ(identity(lab.root() / "other"), before);
  lab.shell("echo x >> other/init/main.c");
  EXPECT_NE(identity(lab.root() / "other"), before);
}

TEST_F(SourceTreesTest, APlainTreeWithResultsOfABuildIsRefused) {
  lab.put("linux/.config", "");
  auto state = trees.identify(TreeSource{lab.tree()}, Deadline::never());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(state.error().to_string(), HasSubstr("make mrproper"));
}

TEST_F(SourceTreesTest, WhatIsNoKernelTreeIsRefused) {
  for (const auto& path : {lab.root() / "absent", lab.root() / "kernel-patches"})
    EXPECT_EQ(trees.identify(TreeSource{path}, Deadline::never()).error().kind(), ErrorKind::bad_input);
}

TEST_F(SourceTreesTest, ATreeThatChangesWhileItIsCopiedIsRefused) {
  auto state = *trees.identify(TreeSource{lab.tree()}, Deadline::never());
  lab.put("linux/init/main.c", "edited");
  auto placed = trees.place(state, lab.root() / "copy", [](auto...) {}, Deadline::never());
  ASSERT_FALSE(placed);
  EXPECT_THAT(placed.error().to_string(), HasSubstr("changed while"));
}

TEST_F(SourceTreesTest, TheTarballIsUnpackedOnceAndPatchesDoNotReachIt) {
  auto state = *trees.identify(DebianSource{}, Deadline::never());
  EXPECT_EQ(state.version, "6.12");
  EXPECT_TRUE(trees.must_unpack(state));
  ASSERT_TRUE(trees.place(state, lab.root() / "one", [](auto...) {}, Deadline::never()));
  EXPECT_FALSE(trees.must_unpack(state));
  auto patches = *read_series(lab.patches() / "6.12/series");
  ASSERT_TRUE(apply_patches(processes, lab.root() / "one", patches, Deadline::never()));
  ASSERT_TRUE(trees.place(state, lab.root() / "two", [](auto...) {}, Deadline::never()));
  EXPECT_THAT(*read_file(lab.root() / "one/init/main.c"), HasSubstr("changed"));
  EXPECT_THAT(*read_file(lab.root() / "two/init/main.c"), HasSubstr("second"));
}

TEST_F(SourceTreesTest, ABrokenTarballLeavesNothingBehind) {
  lab.shell("head -c 200 linux-source-6.12.tar.xz > t; mv t linux-source-6.12.tar.xz");
  auto state = *trees.identify(DebianSource{}, Deadline::never());
  auto placed = trees.place(state, lab.root() / "one", [](auto...) {}, Deadline::never());
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().kind(), ErrorKind::infra);
  EXPECT_TRUE(trees.must_unpack(state));
  EXPECT_FALSE(std::filesystem::exists(lab.cache() / "kernel-sources/.unpack"));
}

TEST_F(SourceTreesTest, AMissingTarballNamesThePackage) {
  lab.shell("rm linux-source-6.12.tar.xz");
  EXPECT_THAT(trees.identify(DebianSource{}, Deadline::never()).error().to_string(), HasSubstr("linux-source-6.12"));
}

}  // namespace
}  // namespace diglab
