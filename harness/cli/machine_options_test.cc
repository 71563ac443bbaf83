// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/machine_options.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace diglab {
namespace {

TEST(MachineOptions, are_found_again_among_those_of_a_run) {
  const MachineOptions given{.kernel = "tree:/home/me/it's --suite linux", .suite = "sid"};
  auto words = given.words();
  words.insert(words.end(), {"--scenarios", "--kernel", "--connect", "qemu:///system"});
  const auto found = MachineOptions::among(words);
  EXPECT_EQ(found.kernel, given.kernel);
  EXPECT_EQ(found.suite, given.suite);
  const auto here = std::filesystem::current_path().string();
  EXPECT_EQ(MachineOptions{.kernel = "image:out/../bzImage"}.words().at(1), "image:" + here + "/bzImage");
  EXPECT_EQ(MachineOptions{.kernel = "diglim"}.words().at(1), "diglim");
  EXPECT_TRUE(MachineOptions{}.words().empty());
  EXPECT_EQ(MachineOptions::among({}).kernel, "");
  EXPECT_EQ(MachineOptions::among({"--tpm-ca", "/ca.pem", "--kernel"}).kernel, "");
}

}  // namespace
}  // namespace diglab
