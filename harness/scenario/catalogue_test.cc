// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/catalogue.h"

#include <gmock/gmock.h>

#include "os/files.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string scenario_text(const std::string& id, const std::string& tags) {
  return "id: " + id + "\nclaim: x\ntags: [" + tags + "]\nsteps: [{run: \"true\"}]\nno_control_because: x\n";
}

class ACatalogue : public testing::Test {
 protected:
  void SetUp() override {
    directory = TempDir::make();
    ASSERT_TRUE(directory);
    add("appraise/known", "default, slow");
    add("appraise/unknown", "default");
    add("boot/init", "slow");
    add("measure/order", "default");
  }
  void add(const std::string& id, const std::string& tags) { put(id, scenario_text(id, tags)); }
  void put(const std::string& id, const std::string& text) {
    ASSERT_TRUE(write_file(directory->path() / (id + ".yaml"), text));
  }
  std::vector<std::string> ids(const Selection& selection) {
    auto all = load_scenarios(directory->path());
    EXPECT_TRUE(all) << all.error().to_string();
    auto chosen = select(*all, selection);
    if (!chosen) return {chosen.error().message()};
    std::vector<std::string> names;
    for (const auto& scenario : *chosen) names.push_back(scenario.id.str());
    return names;
  }
  Result<TempDir> directory = fail(ErrorKind::infra, "not made");
};

TEST_F(ACatalogue, without_a_wish_gives_the_default_suite) {
  EXPECT_THAT(ids({}), ElementsAre("appraise/known", "appraise/unknown", "measure/order"));
}
TEST_F(ACatalogue, gives_what_globs_and_groups_name) {
  EXPECT_THAT(ids({.patterns = {"*/*n*n*", "boot"}, .tags = {}, .shard = {}}), ElementsAre("appraise/known", "appraise/unknown", "boot/init"));
  EXPECT_THAT(ids({.patterns = {"boot/init"}, .tags = {}, .shard = {}}), ElementsAre("boot/init"));
}
TEST_F(ACatalogue, gives_what_both_patterns_and_tags_name) {
  EXPECT_THAT(ids({.patterns = {"appraise"}, .tags = {"slow"}, .shard = {}}), ElementsAre("appraise/known"));
  EXPECT_THAT(ids({.patterns = {"appraise"}, .tags = {}, .without_tags = {"slow"}, .shard = {}}), ElementsAre("appraise/unknown"));
  EXPECT_THAT(ids({.patterns = {}, .tags = {}, .without_tags = {"slwo"}, .shard = {}}), ElementsAre("no scenario has the tag 'slwo' (did you mean 'slow'?)"));
}
TEST_F(ACatalogue, deals_shards_out_without_loss_or_overlap) {
  EXPECT_THAT(ids({.patterns = {"*"}, .tags = {}, .shard = {1, 3}}), ElementsAre("appraise/known", "measure/order"));
  EXPECT_THAT(ids({.patterns = {"*"}, .tags = {}, .shard = {2, 3}}), ElementsAre("appraise/unknown"));
  EXPECT_THAT(ids({.patterns = {"*"}, .tags = {}, .shard = {3, 3}}), ElementsAre("boot/init"));
}
TEST_F(ACatalogue, refuses_unknown_ids_and_tags_with_near_matches) {
  EXPECT_THAT(ids({.patterns = {"apraise/known"}, .tags = {}, .shard = {}}),
              ElementsAre("no scenario has the id 'apraise/known' (did you mean 'appraise/known'?)"));
  EXPECT_THAT(ids({.patterns = {"appraise/unkown"}, .tags = {}, .shard = {}}),
              ElementsAre("no scenario has the id 'appraise/unkown' (did you mean 'appraise/unknown'?)"));
  EXPECT_THAT(ids({.patterns = {"measrue/o"}, .tags = {}, .shard = {}}),
              ElementsAre("no scenario has the id 'measrue/o' (did you mean 'measure/order'?)"));
  EXPECT_THAT(ids({.patterns = {}, .tags = {"slwo"}, .shard = {}}), ElementsAre("no scenario has the tag 'slwo' (did you mean 'slow'?)"));
}
TEST_F(ACatalogue, does_not_choose_nothing) {
  EXPECT_THAT(ids({.patterns = {"measure"}, .tags = {"slow"}, .shard = {}}), ElementsAre(HasSubstr("no scenario has one of these ids and")));
}
TEST_F(ACatalogue, reports_every_wrong_file) {
  put("boot/bad", "id: boot/bad\n");
  put("boot/other-name", scenario_text("boot/name", "default"));
  auto all = load_scenarios(directory->path());
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(all.error().message(), HasSubstr("boot/bad.yaml:1:1: the key 'claim' is missing"));
  EXPECT_THAT(all.error().message(), HasSubstr("the id is 'boot/name'; expected 'boot/other-name'"));
}
TEST_F(ACatalogue, names_an_included_file_that_is_missing) {
  put("policy/corpus", "id: policy/corpus\nclaim: x\nsteps:\n  - policy_corpus: {file: none.ima}\nno_control_because: x\n");
  auto all = load_scenarios(directory->path());
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().to_string(), testing::AllOf(HasSubstr("corpus.yaml:4:5: "), HasSubstr("none.ima")));
}
TEST_F(ACatalogue, refuses_machines_of_what_there_is_not) {
  put("boot/wrong", "id: boot/wrong\nclaim: x\nmachine: {kernel: sotck, image: none}\nsteps: [{run: \"true\"}]\n"
                    "control:\n  why: x\n  machine: {kernel: diglmi}\n  opposite: [step-1]\n");
  const auto file = directory->path() / "boot/wrong.yaml";
  EXPECT_TRUE(load_scenario(file));
  auto loaded = load_scenario(file, {.flavours = {"diglim", "stock"}, .sets = {"boot", "minimal"}});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind(), ErrorKind::bad_input);
  std::string at = file.string();
  EXPECT_EQ(loaded.error().message(),
            at + ":3:19: 'kernel': there is no flavour 'sotck' (did you mean 'stock'?); expected one of diglim, stock\n" +
            at + ":3:33: 'image': there is no package set 'none'; expected one of boot, minimal\n" +
            at + ":7:21: 'kernel': there is no flavour 'diglmi' (did you mean 'diglim'?); expected one of diglim, stock");
  EXPECT_TRUE(load_scenario(file, {.flavours = {"diglmi", "sotck"}, .sets = {"none"}}));
}
TEST(AShard, is_written_as_part_of_a_whole) {
  EXPECT_EQ(parse_shard("2/5")->index, 2);
  EXPECT_EQ(parse_shard("2/5")->count, 5);
  for (auto wrong : {"", "1", "0/2", "3/2", "1/", "/2", "1/2x", "-1/2", "a/b"}) {
    ASSERT_FALSE(parse_shard(wrong)) << wrong;
    EXPECT_EQ(parse_shard(wrong).error().kind(), ErrorKind::usage);
  }
}

}  // namespace
}  // namespace diglab
