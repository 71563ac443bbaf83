// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace diglim {
namespace {

using testing::ElementsAre;

std::optional<Arguments> read(std::vector<const char*> words) { return read_arguments(words); }

TEST(Arguments, are_an_operation_and_paths) {
  const auto added = read({"add", "/usr/lib/diglim"});
  ASSERT_TRUE(added);
  EXPECT_EQ(added->options.operation, Operation::add);
  EXPECT_THAT(added->paths, ElementsAre("/usr/lib/diglim"));
  EXPECT_EQ(read({"del", "a", "b"})->options.operation, Operation::remove);
}

TEST(Arguments, may_have_options_between_them) {
  const auto arguments = read({"add", "--only-immutable", "a", "--immutable-dir=/x", "--immutable-dir=/y/", "--", "-b"});
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(arguments->options.only_immutable);
  EXPECT_THAT(arguments->options.immutable_directories, ElementsAre("/x/", "/y/"));
  EXPECT_THAT(arguments->paths, ElementsAre("a", "-b"));
  EXPECT_TRUE(read({"--help"})->help);
}

TEST(Arguments, that_make_no_sense_are_refused) {
  EXPECT_FALSE(read({}));
  EXPECT_FALSE(read({"add"}));
  EXPECT_FALSE(read({"remove", "a"}));
  EXPECT_FALSE(read({"add", "--immutable-dir=x", "a"}));
  EXPECT_FALSE(read({"add", "--immutable", "a"}));
}

}  // namespace
}  // namespace diglim
