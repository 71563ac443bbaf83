// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/mutants.h"

#include <gmock/gmock.h>

#include "os/files.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class Mutants : public testing::Test {
 protected:
  Result<std::vector<Mutant>> read(std::string_view yaml) {
    EXPECT_TRUE(write_file(directory_.path() / "mutants.yaml", yaml));
    EXPECT_TRUE(write_file(directory_.path() / "one.patch", "diff"));
    return read_mutants(directory_.path());
  }
  std::string refusal(std::string_view yaml) {
    auto mutants = read(yaml);
    return mutants ? "read" : mutants.error().to_string();
  }
  TempDir directory_ = *TempDir::make();
};

TEST_F(Mutants, say_what_they_break_and_who_should_notice) {
  const auto mutants = read("- {patch: one.patch, breaks: the lookup, noticed_by: [lists/random-model, lists/memory], sample: true}\n");
  ASSERT_TRUE(mutants) << mutants.error().to_string();
  ASSERT_THAT(*mutants, SizeIs(1));
  EXPECT_EQ(mutants->front().name, "one");
  EXPECT_THAT(mutants->front().noticed_by, ElementsAre("lists/random-model", "lists/memory"));
  EXPECT_TRUE(mutants->front().sample);
}

TEST_F(Mutants, that_are_wrong_are_refused_by_line) {
  EXPECT_THAT(refusal("- {patch: one.patch, breaks: x}\n"), HasSubstr("mutants.yaml:1: the key 'noticed_by' is missing"));
  EXPECT_THAT(refusal("\n- {patch: two.patch, breaks: x, noticed_by: [a/b]}\n"), HasSubstr("mutants.yaml:2"));
  EXPECT_THAT(refusal("- {patch: one.patch, breaks: x, noticed_by: []}\n"), HasSubstr("at least one scenario"));
  EXPECT_THAT(refusal("- {patch: one.patch, brakes: x, noticed_by: [a/b]}\n"), HasSubstr("unknown key 'brakes'"));
  EXPECT_THAT(refusal("- {patch: one.patch, breaks: x, noticed_by: [a/b]}\n- {patch: one.patch, breaks: y, noticed_by: [a/b]}\n"), HasSubstr("there twice"));
  EXPECT_THAT(refusal("one: two\n"), HasSubstr("a list of mutants"));
  EXPECT_THAT(refusal("- [\n"), HasSubstr("mutants.yaml"));
}

}  // namespace
}  // namespace diglab
