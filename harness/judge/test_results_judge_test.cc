// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "judge/stream_builder.h"
#include "judge/verdict.h"

namespace diglab {
namespace {

using testing::HasSubstr;

Verdict verdict_of(const std::string& check, const std::function<void(StreamBuilder&)>& happened) {
  StreamBuilder s;
  s.begin_run({"a/b"})
      .begin_scenario("a/b", fmt::format("id: a/b\nclaim: c\nsteps: [{{id: selftest, run: 'true'}}]\nchecks: [{{id: it, {}}}]\n"
                                         "no_control_because: this is a test\n", check))
      .begin_variant("main");
  happened(s);
  s.end_variant().end_scenario().end_run();
  return judge(s.events(), s.reader()).at(0);
}

std::string result(const Verdict& verdict) {
  return std::string(to_string(verdict.outcome)) + (verdict.reason.empty() ? "" : ": " + verdict.reason);
}

Verdict printed(const std::string& check, const std::string& out) {
  return verdict_of(check, [&](StreamBuilder& s) { s.boot().step("selftest", exited(0, out)); });
}

TEST(KtapJudge, wants_all_to_pass_and_enough_of_them) {
  const std::string check = "ktap: {from: selftest, passed: 2}";
  EXPECT_EQ(result(printed(check, "1..2\nok 1 add\nok 2 query\n")), "pass");
  EXPECT_THAT(result(printed(check, "1..3\nok 1 add\nok 2 query\nnot ok 3 delete\n")), HasSubstr("1 of 3 failed, first delete"));
  EXPECT_THAT(result(printed(check, "1..2\nok 1 add\nok 2 query # SKIP no root\n")), HasSubstr("saw 1 passed"));
  EXPECT_THAT(result(printed(check, "")), HasSubstr("saw 0 passed"));
  EXPECT_THAT(result(printed(check, "1..3\nok 1 add\nok 2 query\n")), HasSubstr("2 of 3 announced tests"));
}

TEST(KtapJudge, looks_only_at_the_tests_it_is_told_of) {
  EXPECT_EQ(result(printed("ktap: {from: selftest, tests: 'diglim*'}", "1..2\nok 1 diglim_add\nnot ok 2 other\n")), "pass");
}

TEST(KtapJudge, reads_what_the_kernel_prints) {
  const auto boot = [](const std::string& console) {
    return verdict_of("ktap: {tests: 'lists/*'}", [&](StreamBuilder& s) {
      s.boot().step("selftest", exited(0)).evidence("kernel_log", console);
    });
  };
  EXPECT_EQ(result(boot("[    0.1] 1..1\n[    0.2]     1..1\n[    0.3]     ok 1 empty\n[    0.4] ok 1 lists\n")), "pass");
  EXPECT_THAT(result(boot("[    0.1] nothing\n")), HasSubstr("fail"));
}

TEST(LogOnlyJudge, names_what_is_in_the_list_and_should_not_be) {
  const auto measured = [](const std::string& check, const std::vector<std::string>& files) {
    return result(verdict_of(check, [&](StreamBuilder& s) { s.boot().step("selftest", exited(0)).measured(files); }));
  };
  const std::string lists = "log_only: {paths: [boot_aggregate, '/usr/lib/diglim/*']}";
  EXPECT_EQ(measured(lists, {"/usr/lib/diglim/0-file_list-compact-bash"}), "pass");
  EXPECT_THAT(measured(lists, {"/usr/lib/diglim/0-file_list-compact-bash", "/root/unknown"}), HasSubstr("entry 3 is /root/unknown"));
  EXPECT_EQ(measured("log_only: {paths: [nothing], pcr: 11}", {"/root/unknown"}), "pass") << "of another PCR";
}

}  // namespace
}  // namespace diglab
