// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/qemu_test/fake_tree.h"
#include "cli/qemu_test/fixture.h"

namespace diglab {
namespace {

using testing::HasSubstr;

constexpr const char* good_steps = "timeout: 20\nsteps: [{id: runs, run: \"exit 0\"}]\n";

class BadInputTest : public BadLuckTest {
 protected:
  /// Runs, expects exit status 2 and that every text is in the message.
  void refused(std::vector<std::string> texts, std::vector<std::string> more = {}, const std::map<std::string, std::string>& environment = {}) {
    auto diglab = start_run(std::move(more), environment);
    expect_status(*diglab, 2);
    for (const std::string& text : texts) EXPECT_THAT(diglab->err(), HasSubstr(text));
  }
  [[nodiscard]] std::string at(const std::string& relative) const { return scratch_.path() / relative; }
  void put(const std::string& relative, std::string_view content) const {
    auto written = write_file(scratch_.path() / relative, content);
    ASSERT_TRUE(written) << written.error().to_string();
  }
};

TEST_F(BadInputTest, an_unknown_key_of_a_scenario_is_named_with_its_place) {
  scenario("typo", std::string(good_steps) + "tiemout: 3\n");
  refused({"typo.yaml:8:1", "tiemout", "timeout"});
  EXPECT_FALSE(std::filesystem::exists(results())) << "nothing was run: no results";
}

TEST_F(BadInputTest, a_value_of_the_wrong_type_is_named_with_its_place) {
  scenario("type", "timeout: soon\nsteps: [{id: runs, run: \"exit 0\"}]\n");
  refused({"type.yaml:6:10", "timeout", "soon"});
}

TEST_F(BadInputTest, an_unknown_word_of_a_policy_is_named_with_its_rule) {
  scenario("policy", std::string(good_steps) + "policy: |\n  measure func=BPRM_CHECK\n  appraise func=BPRM_CHEK\n");
  refused({"policy.yaml", "BPRM_CHEK", "BPRM_CHECK"});
}

TEST_F(BadInputTest, a_missing_kernel_image_is_named) {
  scenario("good", good_steps);
  refused({at("absent/bzImage"), "no such kernel image"}, {"--kernel", "image:" + at("absent/bzImage")});
}

TEST_F(BadInputTest, what_is_no_kernel_image_is_named) {
  scenario("good", good_steps);
  put("text", "no kernel at all");
  refused({at("text"), "no bzImage"}, {"--kernel", "image:" + at("text")});
}

TEST_F(BadInputTest, a_missing_kernel_tree_is_named) {
  scenario("good", good_steps);
  refused({at("absent"), "no such directory"}, {"--kernel", "tree:" + at("absent")});
}

TEST_F(BadInputTest, a_kernel_tree_that_does_not_build_shows_the_compilers_error) {
  scenario("good", good_steps);
  make_fake_tree(at("linux"), "echo 'init/main.c:7:3: error: expected expression before return' >&2; exit 1");
  std::filesystem::path cache = own_cache();
  refused({"init/main.c:7:3: error: expected expression before return"}, {"--kernel", "tree:" + at("linux")}, {{"DIGLAB_CACHE", cache}});
  for (const auto& entry : std::filesystem::directory_iterator(cache / "kernels"))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".build-")) << entry.path() << " was left";

  // The tree is mended, and nothing remembers that it did not build.
  make_fake_tree(at("linux"), "mkdir -p $(O)/arch/x86/boot; echo kernel > $(O)/arch/x86/boot/bzImage");
  auto next = start({"kernel", "build", "--kernel", "tree:" + at("linux")}, {{"DIGLAB_CACHE", cache}});
  expect_status(*next, 0);
}

TEST_F(BadInputTest, wrong_use_is_explained) {
  scenario("good", good_steps);
  refused({"--no-such-option"}, {"--no-such-option"});
  refused({"9/4"}, {"--shard", "9/4"});
  refused({"nonesuch"}, {"--kernel", "nonesuch"});
  auto selects_nothing = start({"run", "--scenarios", at("scenarios"), "--results", results(), "absent/one"});
  expect_status(*selects_nothing, 2);
  EXPECT_THAT(selects_nothing->err(), HasSubstr("absent/one"));
}

}  // namespace
}  // namespace diglab
