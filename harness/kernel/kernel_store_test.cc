// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "kernel/tiny_kernel_lab_test.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KernelStoreTest : public ::testing::Test {
 protected:
  KernelRequest request(KernelSource source = DebianSource{}, std::string flavour = "stock") {
    return {.source = std::move(source), .flavour = std::move(flavour), .trusted_keys_pem = {}, .module_key_pem = lab.key(), .pgp_keys = {}, .more_patches = {}, .jobs = 2};
  }
  Result<BuiltKernel> provide(const KernelRequest& wanted, const Deadline& deadline = Deadline::in(std::chrono::seconds(60))) {
    return store().provide(wanted, [this](std::optional<double> fraction, std::string_view) {
      if (fraction) fractions.push_back(*fraction);
    }, deadline);
  }
  KernelStore store() { return KernelStore(lab.cache(), processes, lab.patches(), lab.tarball()); }
  BuiltKernel must_provide(const KernelRequest& wanted) {
    auto kernel = provide(wanted);
    EXPECT_TRUE(kernel) << kernel.error().to_string();
    return kernel ? *kernel : BuiltKernel();
  }
  Error must_fail(const KernelRequest& wanted) {
    auto kernel = provide(wanted);
    EXPECT_FALSE(kernel);
    EXPECT_THAT(left_behind(), IsEmpty());
    return kernel ? Error(ErrorKind::usage, "no error") : kernel.error();
  }
  /// Build directories and finished kernels: nothing may be left of a failure.
  std::vector<std::string> left_behind() {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(lab.cache() / "kernels", ignored)) {
      const std::string name = entry.path().filename().string();
      if (name != "locks" && name != "logs") names.push_back(name);
    }
    return names;
  }

  TinyKernelLab lab;
  SystemProcesses processes;
  std::vector<double> fractions;
};

TEST_F(KernelStoreTest, BuildsOnceAndThenFindsItInTheCache) {
  BuiltKernel built = must_provide(request());
  EXPECT_FALSE(built.from_cache);
  EXPECT_EQ(built.release, "6.12.1-diglab-tiny");
  EXPECT_EQ(built.options, 3);
  EXPECT_THAT(*read_file(built.image), HasSubstr("second"));
  EXPECT_TRUE(fs::exists(built.modules / "lib/modules/6.12.1-diglab-tiny/kernel/lib/crc7.ko"));
  EXPECT_FALSE(fs::is_symlink(built.modules / "lib/modules/6.12.1-diglab-tiny/build"));
  EXPECT_TRUE(std::ranges::is_sorted(fractions));
  EXPECT_DOUBLE_EQ(fractions.back(), 1.0);

  BuiltKernel cached = must_provide(request());
  EXPECT_TRUE(cached.from_cache);
  EXPECT_EQ(cached.id, built.id);
  EXPECT_EQ(lab.builds(), 1U);
  EXPECT_EQ(store().list()->size(), 1U);
  ASSERT_TRUE(store().remove(built.id.substr(0, 6)));
  EXPECT_THAT(left_behind(), IsEmpty());
  EXPECT_EQ(store().remove(built.id).error().kind(), ErrorKind::usage);
}

TEST_F(KernelStoreTest, EveryInputChangesTheId) {
  std::set<std::string> ids;
  auto expect_new = [&](const KernelRequest& wanted, const char* what) { EXPECT_TRUE(ids.insert(must_provide(wanted).id).second) << what; };
  expect_new(request(), "first");
  expect_new(request(DebianSource{}, "patched"), "flavour");
  expect_new(request(TreeSource{lab.tree()}), "source");
  lab.put("linux/init/main.c", "other\nsecond\nthird\n");
  expect_new(request(TreeSource{lab.tree()}), "content of the tree");
  lab.put("kernel-patches/6.12/fragments/ima.config", "CONFIG_IMA=y\n");
  expect_new(request(), "fragment");
  lab.put("kernel-patches/6.12/0001-second.patch", "--- a/init/main.c\n+++ b/init/main.c\n@@ -1,3 +1,3 @@\n first\n-second\n+2\n third\n");
  expect_new(request(DebianSource{}, "patched"), "patch");
  KernelRequest with_keys = request();
  with_keys.trusted_keys_pem = lab.key();
  expect_new(with_keys, "trusted keys");
  lab.put("key.pem", *read_file(lab.key()) + "\n");
  expect_new(request(), "module key");
}

TEST_F(KernelStoreTest, AppliesTheSeriesOfAFlavour) {
  EXPECT_THAT(*read_file(must_provide(request(DebianSource{}, "patched")).image), HasSubstr("changed"));
  EXPECT_THAT(*read_file(must_provide(request(TreeSource{lab.tree()}, "patched")).image), HasSubstr("changed"));
}

TEST_F(KernelStoreTest, AppliesFurtherPatchesAfterTheSeries) {
  KernelRequest mutant = request(DebianSource{}, "patched");
  const std::string plain = must_provide(mutant).id;
  lab.put("mutant.patch", "--- a/init/main.c\n+++ b/init/main.c\n@@ -1,3 +1,3 @@\n first\n-changed\n+broken\n third\n");
  mutant.more_patches = {lab.root() / "mutant.patch"};
  const BuiltKernel built = must_provide(mutant);
  EXPECT_THAT(*read_file(built.image), HasSubstr("broken"));
  EXPECT_NE(built.id, plain);
}

TEST_F(KernelStoreTest, BringsTheTreesOwnTestPrograms) {
  EXPECT_TRUE(must_provide(request()).selftests.empty());
  const BuiltKernel built = must_provide(request(DebianSource{}, "tested"));
  EXPECT_EQ(*read_file(built.selftests / "toy/toy_test"), "headers\n");
}

TEST_F(KernelStoreTest, PutsPgpKeysOnlyIntoKernelsThatTakeThem) {
  KernelRequest keyed = request();
  lab.put("keys.gpg", "key");
  const std::string without = must_provide(keyed).id;
  keyed.pgp_keys = lab.root() / "keys.gpg";
  EXPECT_EQ(must_provide(keyed).id, without);
  lab.put("kernel-patches/6.12/fragments/ima.config", "CONFIG_IMA=y\nCONFIG_PGP_PRELOAD_PUBLIC_KEYS=y\n");
  lab.put("linux/compile.sh", "cp $1/certs/pubring.gpg init/main.c\n");
  EXPECT_EQ(*read_file(must_provide({.source = TreeSource{lab.tree()}, .flavour = "stock", .trusted_keys_pem = {}, .module_key_pem = lab.key(),
                                     .pgp_keys = keyed.pgp_keys, .more_patches = {}, .jobs = 1}).image), "key");
}

TEST_F(KernelStoreTest, TheCompilersCacheDoesNotBringTheKeysOfAnotherKernel) {
  lab.put("linux/keys.S", ".incbin \"keys\"\n");
  lab.put("linux/compile.sh", "$CC -Wp,-MMD,keys.d -c -o keys.o keys.S\nobjcopy -O binary -j .text keys.o init/main.c\n");
  for (const char* keys : {"these", "those"}) {
    lab.put("linux/keys", keys);
    EXPECT_THAT(*read_file(must_provide(request(TreeSource{lab.tree()})).image), HasSubstr(keys));
  }
}

TEST_F(KernelStoreTest, ATreeThatHasTheSeriesAlreadyIsNotPatched) {
  lab.put("kernel-patches/6.12/flavours/patched.yaml", "series: [series]\nunless: init/main.c\nfragments: [ima]\n");
  EXPECT_THAT(*read_file(must_provide(request(TreeSource{lab.tree()}, "patched")).image), HasSubstr("second"));
}

TEST_F(KernelStoreTest, APatchThatDoesNotApplyIsNamedWithFileAndHunk) {
  lab.put("kernel-patches/6.12/0001-second.patch",
          "--- a/init/main.c\n+++ b/init/main.c\n@@ -1,3 +1,3 @@\n first\n-nothing like this\n+2\n neither\n");
  Error error = must_fail(request(DebianSource{}, "patched"));
  EXPECT_EQ(error.kind(), ErrorKind::bad_input);
  EXPECT_THAT(error.to_string(), HasSubstr("0001-second.patch"));
  EXPECT_THAT(error.to_string(), HasSubstr("init/main.c: hunk 1 (line 1)"));
}

TEST_F(KernelStoreTest, ATreeThatDoesNotBuildShowsTheCompilersErrorAndTheLog) {
  lab.put("linux/compile.sh", "echo '../init/main.c:3:1: error: expected expression' >&2; exit 1\n");
  Error error = must_fail(request(TreeSource{lab.tree()}));
  EXPECT_EQ(error.kind(), ErrorKind::bad_input);
  EXPECT_THAT(error.to_string(), HasSubstr("\ninit/main.c:3:1: error: expected expression\n"));
  const std::string text = error.to_string();
  const auto at = text.find("whole log: ") + 11;
  EXPECT_THAT(*read_file(text.substr(at, text.find(')', at) - at)), HasSubstr("expected expression"));
}

TEST_F(KernelStoreTest, DebiansSourceThatDoesNotBuildIsOurFault) {
  lab.put("linux/compile.sh", "exit 1\n");
  lab.shell("tar -cJf linux-source-6.12.tar.xz linux");
  EXPECT_EQ(must_fail(request()).kind(), ErrorKind::infra);
}

TEST_F(KernelStoreTest, AFullDiskIsNotTheTreesFault) {
  lab.put("linux/compile.sh", "echo 'init/main.c: fatal error: error writing to /tmp/x.s: No space left on device' >&2; exit 1\n");
  Error error = must_fail(request(TreeSource{lab.tree()}));
  EXPECT_EQ(error.kind(), ErrorKind::infra);
  EXPECT_THAT(error.to_string(), HasSubstr("No space left on device"));
}

TEST_F(KernelStoreTest, ABuildWithoutAnImageIsAnError) {
  lab.put("linux/link.sh", "rm -f obj/arch/x86/boot/bzImage\n");
  EXPECT_THAT(must_fail(request(TreeSource{lab.tree()})).to_string(), HasSubstr("made no arch/x86/boot/bzImage"));
}

TEST_F(KernelStoreTest, AnOptionThatDidNotSurviveIsNamedWithItsValue) {
  lab.put("linux/hidden.config", "# CONFIG_IMA is not set\n");
  Error error = must_fail(request(TreeSource{lab.tree()}));
  EXPECT_EQ(error.kind(), ErrorKind::bad_input);
  EXPECT_THAT(error.to_string(), HasSubstr("CONFIG_IMA: expected y, found n"));
  EXPECT_EQ(lab.builds(), 0U) << "known before compiling";
}

TEST_F(KernelStoreTest, ADamagedImageIsNoticedAndBuiltAgain) {
  BuiltKernel built = must_provide(request());
  for (const char* damage : {"printf X | dd of={} conv=notrunc bs=1 seek=2 2>/dev/null", "truncate -s 3 {}", "rm {}", "echo > $(dirname {})/manifest.json"}) {
    std::string line = damage;
    line.replace(line.find("{}"), 2, built.image.string());
    lab.shell(line);
    BuiltKernel again = must_provide(request());
    EXPECT_FALSE(again.from_cache) << damage;
    EXPECT_EQ(again.id, built.id);
    EXPECT_THAT(again.warning, HasSubstr("damaged")) << damage;
    EXPECT_TRUE(must_provide(request()).from_cache);
  }
}

TEST_F(KernelStoreTest, TwoAtOnceBuildOnce) {
  lab.put("linux/compile.sh", "sleep 0.5\n");
  auto other = std::async(std::launch::async, [&] {
    SystemProcesses own;
    return KernelStore(lab.cache(), own, lab.patches(), lab.tarball()).provide(request(TreeSource{lab.tree()}), [](auto...) {}, Deadline::never());
  });
  BuiltKernel mine = must_provide(request(TreeSource{lab.tree()}));
  auto theirs = other.get();
  ASSERT_TRUE(theirs) << theirs.error().to_string();
  EXPECT_EQ(mine.id, theirs->id);
  EXPECT_EQ(lab.builds(), 1U);
}

TEST_F(KernelStoreTest, AnInterruptEndsTheBuildAndLeavesNothing) {
  lab.put("linux/compile.sh", "echo $$ > " + (lab.root() / "pid").string() + "; mkfifo " + (lab.root() / "ready").string() + "; sleep 60\n");
  std::stop_source stop;
  auto building = std::async(std::launch::async, [&] { return provide(request(TreeSource{lab.tree()}), Deadline::never(stop.get_token())); });
  lab.shell("until test -p ready; do sleep 0.02; done");
  stop.request_stop();
  auto kernel = building.get();
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().kind(), ErrorKind::interrupted);
  EXPECT_THAT(left_behind(), IsEmpty());
  // Dead, whether or not the system's first process has reaped it yet.
  lab.shell("case \"$(ps -o stat= -p $(cat pid))\" in '' | Z*) ;; *) exit 1 ;; esac");

  lab.put("linux/compile.sh", "true\n");
  EXPECT_FALSE(must_provide(request(TreeSource{lab.tree()})).from_cache);
}

TEST_F(KernelStoreTest, AnInterruptInAnyPhaseLeavesTheCacheUsable) {
  // Stops at the first, second, ... report of progress until there is none left to stop at.
  for (std::size_t at = 0;; ++at) {
    ASSERT_LT(at, 100U);
    fs::remove_all(lab.cache());
    std::stop_source stop;
    std::size_t reports = 0;
    std::string phase;
    auto kernel = store().provide(request(DebianSource{}, "patched"), [&](auto, std::string_view what) {
      if (reports++ != at) return;
      phase = what;
      stop.request_stop();
    }, Deadline::never(stop.get_token()));
    if (reports <= at) {
      EXPECT_TRUE(kernel);
      EXPECT_GE(at, 6U) << "unpacking, linking, configuring, preparing, compiling, installing";
      break;
    }
    if (!kernel) {
      EXPECT_EQ(kernel.error().kind(), ErrorKind::interrupted) << phase << ": " << kernel.error().to_string();
      EXPECT_THAT(left_behind(), IsEmpty()) << phase;
      EXPECT_FALSE(fs::exists(lab.cache() / "kernel-sources/.unpack")) << phase;
    }
    auto again = provide(request(DebianSource{}, "patched"));
    ASSERT_TRUE(again) << phase << ": " << again.error().to_string();
    EXPECT_THAT(*read_file(again->image), HasSubstr("changed"));
  }
}

TEST_F(KernelStoreTest, WhatAKilledBuildLeftIsRemovedAndARunningOneIsNot) {
  lab.put("cache/kernels/.build-dead/tree/file", "x");
  lab.put("cache/kernels/.build-alive/tree/file", "x");
  auto alive = FileLock::try_acquire(lab.cache() / "kernels/locks/alive");
  must_provide(request());
  EXPECT_FALSE(fs::exists(lab.cache() / "kernels/.build-dead"));
  EXPECT_TRUE(fs::exists(lab.cache() / "kernels/.build-alive"));
}

TEST_F(KernelStoreTest, ADeadlineEndsTheBuild) {
  lab.put("linux/compile.sh", "sleep 60\n");
  auto kernel = provide(request(TreeSource{lab.tree()}), Deadline::in(std::chrono::seconds(1)));
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().kind(), ErrorKind::timeout);
}

TEST_F(KernelStoreTest, AReadyImageIsCopiedAndChecked) {
  std::string image(0x400, '\0');
  image.replace(0x1fe, 2, "\x55\xaa");
  image.replace(0x202, 4, "HdrS");
  image[0x20f] = 1;
  image.replace(0x300, 8, "6.1-mine");
  lab.put("bzImage", image);
  BuiltKernel kernel = must_provide(request(ImageSource{lab.root() / "bzImage"}));
  EXPECT_EQ(kernel.release, "6.1-mine");
  EXPECT_TRUE(kernel.config.empty());
  EXPECT_TRUE(must_provide(request(ImageSource{lab.root() / "bzImage"})).from_cache);
}

TEST_F(KernelStoreTest, AMissingOrForeignImageIsNamed) {
  lab.put("text", "no kernel at all");
  for (const char* name : {"absent", "text"}) {
    Error error = must_fail(request(ImageSource{lab.root() / name}));
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_THAT(error.to_string(), HasSubstr((lab.root() / name).string()));
  }
}

TEST_F(KernelStoreTest, WrongKeysAndFlavoursAreNamed) {
  KernelRequest no_certificate = request();
  no_certificate.module_key_pem = lab.tree() / "Makefile";
  EXPECT_THAT(must_fail(no_certificate).to_string(), HasSubstr("expected PEM with a PRIVATE KEY"));
  Error flavour = must_fail(request(DebianSource{}, "nonesuch"));
  EXPECT_EQ(flavour.kind(), ErrorKind::bad_input);
  EXPECT_THAT(flavour.to_string(), HasSubstr("expected one of patched, stock"));
  lab.put("kernel-patches/6.12/flavours/stock.yaml", "about: x\nfragment: [ima]\n");
  EXPECT_THAT(must_fail(request()).to_string(), HasSubstr("stock.yaml:2: unknown key 'fragment'"));
}

}  // namespace
}  // namespace diglab
