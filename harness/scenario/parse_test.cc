// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/parse.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "base/source_directory.h"
#include "os/files.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const fs::path testdata = source_directory() / "harness/scenario/testdata";

std::string must_read(const fs::path& file) {
  auto text = read_file(file);
  EXPECT_TRUE(text) << file;
  return text.value_or("");
}

/// Each wrong file is refused with exactly the messages in the file of the same name. DIGLAB_UPDATE_GOLDEN=1 writes them anew.
class WrongFile : public testing::TestWithParam<fs::path> {};

TEST_P(WrongFile, is_refused_with_all_its_faults_at_their_places) {
  auto file = GetParam();
  auto scenario = parse_scenario(must_read(file), file.filename().string());
  ASSERT_FALSE(scenario) << file << " was accepted";
  EXPECT_EQ(scenario.error().kind(), ErrorKind::bad_input);
  auto golden = fs::path(file).replace_extension(".expected");
  if (std::getenv("DIGLAB_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file(golden, scenario.error().message() + "\n"));
  }
  EXPECT_EQ(scenario.error().message() + "\n", must_read(golden));
}

std::vector<fs::path> wrong_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(testdata / "wrong")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

INSTANTIATE_TEST_SUITE_P(Corpus, WrongFile, testing::ValuesIn(wrong_files()), [](const auto& file) {
  auto name = file.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

class EveryKey : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = load_scenario(testdata / "right/everything.yaml");
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    scenario = std::move(*loaded);
  }
  template <typename Body>
  const Body& body(std::size_t index) {
    return std::get<Body>(scenario.steps.at(index).body);
  }
  Scenario scenario;
};

TEST_F(EveryKey, of_the_head_is_kept) {
  EXPECT_EQ(scenario.id.str(), "test/everything");
  EXPECT_EQ(scenario.claim, "Every key has its place.");
  EXPECT_THAT(scenario.sources, ElementsAre("S1", "S2"));
  EXPECT_THAT(scenario.tags, ElementsAre("default", "stock"));
  EXPECT_EQ(scenario.skip_unless->acceleration, "kvm");
  EXPECT_EQ(scenario.skip_unless->because, "Races need real cores.");
  EXPECT_TRUE(scenario.alone);
  EXPECT_EQ(scenario.rounds, 2);
  EXPECT_EQ(scenario.timeout, std::chrono::seconds(120));
  EXPECT_EQ(scenario.boot_timeout, std::chrono::seconds(40));
  EXPECT_THAT(scenario.policy, HasSubstr("\nmeasure func=BPRM_CHECK mask=MAY_EXEC\n"));
  EXPECT_EQ(scenario.machine.kernel, "stock");
  EXPECT_EQ(scenario.machine.image, "minimal");
  EXPECT_EQ(scenario.machine.ima_signatures, true);
  EXPECT_EQ(scenario.machine.suite, "sid");
  EXPECT_EQ(scenario.machine.digest_lists, "pgp");
  EXPECT_THAT(scenario.machine.initramfs->files, ElementsAre("/usr/bin/kmod"));
  EXPECT_EQ(scenario.machine.initramfs->lists, "own");
  EXPECT_EQ(scenario.machine.cpus, 2);
  EXPECT_EQ(scenario.machine.memory, 512);
  EXPECT_EQ(scenario.machine.tpm, true);
  EXPECT_EQ(scenario.machine.disk_flush, true);
  EXPECT_EQ(scenario.machine.init, "/usr/sbin/diglab-init");
  EXPECT_THAT(scenario.machine.cmdline, ElementsAre("ima_appraise=enforce", "ima_policy=tcb"));
  EXPECT_EQ(scenario.machine.smbios.at("system.version"), "1.0");
}

TEST_F(EveryKey, of_a_step_is_kept) {
  const auto& first = scenario.steps.at(0);
  EXPECT_EQ(first.id.str(), "script");
  EXPECT_EQ(first.user, "alice");
  EXPECT_EQ(first.timeout, std::chrono::seconds(7));
  EXPECT_EQ(first.line, 31);
  EXPECT_EQ(*body<step::Run>(0).script, "cp /usr/bin/true /root/a\n/root/a\n");
  EXPECT_EQ(first.expect.in, Expectation::In::some);
  EXPECT_EQ(first.expect.status, 3);
  EXPECT_EQ(first.expect.out->equals, "");
  EXPECT_EQ(first.expect.out->contains, "x");
  EXPECT_EQ(first.expect.out->matches, "^y$");
  EXPECT_EQ(first.expect.err->contains, "z");
  EXPECT_THAT(body<step::Run>(1).argv, ElementsAre("/usr/bin/test", "-e", "/root/a"));
  EXPECT_EQ(scenario.steps.at(1).id.str(), "step-2");
  EXPECT_EQ(scenario.steps.at(1).expect.signal, "SIGKILL");
}

TEST_F(EveryKey, of_the_kinds_of_steps_is_kept) {
  EXPECT_FALSE(body<step::Start>(2).parallel);
  EXPECT_THAT(body<step::Start>(2).programs, ElementsAre(ElementsAre("/usr/bin/ls", "/"), ElementsAre("/usr/bin/id", "-u")));
  EXPECT_EQ(body<step::Act>(3).action, "exec");
  EXPECT_EQ(body<step::Act>(3).path, "/root/a");
  EXPECT_THAT(body<step::Act>(3).arguments, ElementsAre("--flag"));
  EXPECT_EQ(scenario.steps.at(3).expect.error, "EACCES");
  EXPECT_EQ(body<step::Act>(4).mode, "write");
  EXPECT_THAT(body<step::Act>(5).arguments, ElementsAre("-i", "two words"));
  EXPECT_EQ(body<step::Write>(6).content, "");
  EXPECT_EQ(body<step::Write>(6).mode, "0755");
  EXPECT_EQ(body<step::Write>(7).content, "included\n");
  EXPECT_EQ(body<step::LoadPolicy>(8).rules, "measure func=MMAP_CHECK mask=MAY_EXEC");
  EXPECT_THAT(body<step::PolicyCorpus>(9).rules, HasSubstr("!measure func=NO"));
  EXPECT_EQ(body<step::Snapshot>(10).name, "before-trouble");
  const auto& repeat = body<step::Repeat>(11);
  EXPECT_EQ(repeat.times, 3);
  const auto& parallel = std::get<step::Parallel>(repeat.steps.at(0).body);
  EXPECT_EQ(parallel.steps.at(0).id.str(), "step-14") << "counted through in the order of the file";
  EXPECT_EQ(parallel.steps.at(1).id.str(), "inner");
  EXPECT_EQ(std::get<step::Restore>(repeat.steps.at(1).body).name, "before-trouble");
  EXPECT_TRUE(std::holds_alternative<step::Quote>(scenario.steps.at(12).body));
  EXPECT_EQ(body<step::Reboot>(13).smbios.at("system.version"), "2.0");
  EXPECT_TRUE(body<step::Reboot>(13).cut);
  EXPECT_THAT(body<step::SignList>(14).of, ElementsAre("/root/a", "/root/b"));
  EXPECT_EQ(body<step::SignList>(14).path, "/root/0-file_list-compact-own");
  EXPECT_EQ(body<step::SignList>(14).key, "own");
  EXPECT_EQ(body<step::SignList>(14).public_key, "/root/own.gpg");
}

TEST_F(EveryKey, of_the_checks_is_kept) {
  const auto& checks = scenario.checks;
  EXPECT_EQ(std::get<check::Attest>(checks.at(0).body).what, check::Attest::What::log_replays);
  EXPECT_EQ(checks.at(0).id.str(), "check-1");
  EXPECT_EQ(std::get<check::Attest>(checks.at(1).body).what, check::Attest::What::tampering_noticed);
  const auto& pcr = std::get<check::Pcr>(checks.at(2).body);
  EXPECT_EQ(pcr.index, 11);
  EXPECT_EQ(pcr.bank, "sha1");
  EXPECT_EQ(pcr.rounds, check::Pcr::Across::differs);
  EXPECT_FALSE(std::get<check::LogSet>(checks.at(3).body).same);
  EXPECT_EQ(std::get<check::LogEntry>(checks.at(4).body).count, 1);
  const auto& denial = std::get<check::Denial>(checks.at(5).body);
  EXPECT_EQ(denial.path, "/root/a");
  EXPECT_EQ(denial.cause, "missing-hash");
  EXPECT_EQ(denial.operation, "appraise_data");
  EXPECT_EQ(denial.program, "bash");
  EXPECT_EQ(denial.times, 2);
  EXPECT_FALSE(std::get<check::Console>(checks.at(6).body).present);
  EXPECT_EQ(std::get<check::Boot>(checks.at(7).body).outcome, "agent");
  EXPECT_FALSE(pcr.predicted_by);
  EXPECT_EQ(std::get<check::Pcr>(checks.at(8).body).predicted_by, CheckId("script"));
}

TEST_F(EveryKey, of_the_control_is_kept) {
  const auto& control = *scenario.control;
  EXPECT_EQ(control.why, "Another machine, another policy.");
  EXPECT_EQ(control.machine.ima_signatures, false);
  EXPECT_EQ(control.machine.cpus, 1);
  EXPECT_EQ(control.policy, "dont_measure func=BPRM_CHECK\n");
  EXPECT_EQ(control.rounds, 3);
  EXPECT_EQ(control.before.at(0).id.str(), "before-1");
  EXPECT_EQ(std::get<step::Act>(control.replace.at(CheckId("inner")).body).action, "mprotect");
  EXPECT_EQ(control.tamper.log_bit_in_entry, 3);
  EXPECT_EQ(control.opposite.at(0).check.str(), "pcr");
  EXPECT_FALSE(control.opposite.at(0).instead);
  EXPECT_EQ(control.opposite.at(1).instead->success, true);
}

TEST(Parsing, knows_a_pcr_that_the_image_foretells) {
  auto scenario = parse_scenario("id: test/x\nclaim: c\nsteps: [{run: 'true'}]\nchecks: [{pcr: {index: 11, predicted_from: image}}]\nno_control_because: test\n", "x.yaml");
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  const auto& pcr = std::get<check::Pcr>(scenario->checks.at(0).body);
  EXPECT_TRUE(pcr.predicted_from_image);
  EXPECT_FALSE(pcr.predicted_by);
}

TEST(Parsing, reads_no_file_that_a_step_names) {
  auto file = testdata / "right/everything.yaml";
  auto scenario = parse_scenario(must_read(file), "/nowhere/everything.yaml");
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  EXPECT_EQ(std::get<step::Write>(scenario->steps.at(7).body).content, "");
  EXPECT_EQ(std::get<step::Write>(scenario->steps.at(7).body).file, "included.txt");
}

TEST(Parsing, survives_deep_nesting_and_huge_files) {
  EXPECT_FALSE(parse_scenario(std::string(100'000, '['), "deep"));
  EXPECT_FALSE(parse_scenario(std::string(2 << 20, ' '), "huge"));
  std::string bytes("id: \0 x", 7);
  EXPECT_FALSE(parse_scenario(bytes, "nul"));
}

TEST(Parsing, shows_so_many_faults_and_no_more_of_a_file_that_is_something_else) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "key" + std::to_string(i) + ": x\n";
  auto scenario = parse_scenario(text, "other.yaml");
  ASSERT_FALSE(scenario);
  EXPECT_EQ(std::ranges::count(scenario.error().message(), '\n'), 200);
  EXPECT_THAT(scenario.error().message(), HasSubstr("other.yaml: more than 200 faults"));
}

}  // namespace
}  // namespace diglab
