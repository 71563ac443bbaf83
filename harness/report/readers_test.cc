// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include <pugixml.hpp>
#include <regex>

#include "os/files.h"
#include "report/html.h"
#include "report/html_text.h"
#include "report/junit.h"
#include "report/ktap.h"
#include "report/sample_run.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/write.h"

namespace diglab {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<Verdict> sample_verdicts() {
  const StreamBuilder run = sample_run();
  return judge(run.events(), run.reader());
}

/// Reads one level of KTAP as Documentation/dev-tools/ktap.rst describes it; returns its results in order.
struct KtapResult {
  bool ok;
  std::string name;
  std::string directive;
  std::vector<KtapResult> inner;
};
std::vector<KtapResult> read_ktap(const std::vector<std::string>& lines, std::size_t& at, const std::string& indent) {
  std::vector<KtapResult> results;
  std::vector<KtapResult> inner;
  if (at >= lines.size() || lines[at] != indent + "KTAP version 1")
    throw std::runtime_error("no version line at " + std::to_string(at));
  ++at;
  std::size_t planned = 0;
  const std::regex plan("1\\.\\.(\\d+)");
  const std::regex result("(ok|not ok) (\\d+)(?: (?:- )?([^#]*?))?(?: # (SKIP|ERROR|TODO|TIMEOUT|XFAIL)\\b.*)?");
  for (; at < lines.size() && lines[at].starts_with(indent); ++at) {
    const std::string line = lines[at].substr(indent.size());
    std::smatch match;
    if (line.starts_with("#")) continue;
    if (line.starts_with("  ")) {
      inner = read_ktap(lines, at, indent + "  ");
      --at;
    } else if (std::regex_match(line, match, plan)) {
      planned = std::stoul(match[1]);
    } else if (std::regex_match(line, match, result)) {
      if (std::stoul(match[2]) != results.size() + 1) throw std::runtime_error("wrong number: " + line);
      results.push_back({match[1] == "ok", match[3], match[4], std::move(inner)});
      inner.clear();
    } else {
      throw std::runtime_error("not KTAP: " + line);
    }
  }
  if (results.size() != planned) throw std::runtime_error("plan and results differ");
  return results;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Ktap, is_read_by_a_parser_of_the_format_and_says_the_same_as_the_verdicts) {
  const auto verdicts = sample_verdicts();
  std::size_t at = 0;
  const auto lines = lines_of(to_ktap(verdicts));
  const auto results = read_ktap(lines, at, "");
  EXPECT_EQ(at, lines.size());
  ASSERT_EQ(results.size(), verdicts.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].name, verdicts[i].scenario.str());
    EXPECT_EQ(results[i].ok, verdicts[i].outcome == Outcome::pass || verdicts[i].outcome == Outcome::skip);
    EXPECT_EQ(results[i].directive, verdicts[i].outcome == Outcome::skip     ? "SKIP"
                                    : verdicts[i].outcome == Outcome::broken ? "ERROR"
                                                                             : "");
    ASSERT_EQ(results[i].inner.size(), verdicts[i].checks.size());
    for (std::size_t j = 0; j < results[i].inner.size(); ++j)
      EXPECT_EQ(results[i].inner[j].ok, verdicts[i].checks[j].as_wanted);
  }
}

TEST(Ktap, no_text_can_forge_a_line) {
  Verdict verdict;
  verdict.scenario = ScenarioId("a/b # SKIP\nok 2 forged");
  verdict.outcome = Outcome::fail;
  verdict.reason = "line\nok 3 forged";
  verdict.checks.push_back({.variant = "main",
                            .id = CheckId("c"),
                            .met = false,
                            .as_wanted = false,
                            .opposite = false,
                            .expected = "x\nok 1 y",
                            .seen = "z\n1..0",
                            .detail = "one\ntwo",
                            .diffs = {}});
  std::size_t at = 0;
  const auto results = read_ktap(lines_of(to_ktap(std::vector{verdict})), at, "");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_FALSE(results[0].ok);
  EXPECT_EQ(results[0].directive, "");
}

TEST(Junit, has_the_structure_that_ci_servers_read) {
  const StreamBuilder run = sample_run();
  const auto verdicts = judge(run.events(), run.reader());
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(to_junit(run.events(), verdicts).c_str()));
  const pugi::xml_node root = document.child("testsuites");
  EXPECT_EQ(root.attribute("tests").as_int(), 10);
  EXPECT_EQ(root.attribute("failures").as_int(), 4);
  EXPECT_EQ(root.attribute("errors").as_int(), 3);
  EXPECT_EQ(root.attribute("skipped").as_int(), 1);
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  for (const pugi::xml_node suite : root.children("testsuite")) {
    int here = 0;
    for (const char* attribute : {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"})
      EXPECT_TRUE(suite.attribute(attribute)) << attribute;
    EXPECT_TRUE(std::regex_match(suite.attribute("timestamp").value(),
                                 std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d")));
    for (const pugi::xml_node test : suite.children("testcase")) {
      ++here;
      EXPECT_TRUE(test.attribute("classname"));
      EXPECT_FALSE(std::string_view(test.attribute("name").value()).empty());
      EXPECT_TRUE(std::regex_match(test.attribute("time").value(), std::regex("\\d+\\.\\d{3}")));
      int problems = 0;
      for (const pugi::xml_node child : test.children()) {
        ++problems;
        const std::string_view kind = child.name();
        failures += kind == "failure";
        errors += kind == "error";
        skipped += kind == "skipped";
        EXPECT_TRUE(kind == "failure" || kind == "error" || kind == "skipped") << kind;
        EXPECT_GT(std::string_view(child.attribute("message").value()).size(), 15u) << "a message that says something";
      }
      EXPECT_LE(problems, 1);
    }
    EXPECT_EQ(suite.attribute("tests").as_int(), here);
    tests += here;
  }
  EXPECT_EQ(tests, 10);
  EXPECT_EQ(failures, 4);
  EXPECT_EQ(errors, 3);
  EXPECT_EQ(skipped, 1);
}

TEST(Junit, holds_no_character_that_xml_forbids) {
  Verdict verdict;
  verdict.scenario = ScenarioId("a/b");
  verdict.outcome = Outcome::fail;
  verdict.reason = std::string("\x01\x0b\xff\xef\xbf\xbf]]> & <\0", 14);
  const std::string xml = to_junit({}, std::vector{verdict});
  for (const char c : xml) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(xml.c_str()));
}

TEST(Html, guest_output_is_text_and_nothing_is_fetched) {
  const StreamBuilder run = sample_run();
  const std::string page = to_html(run.events(), judge(run.events(), run.reader()));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;from the guest&#39;)"));
  for (const char* outside : {"http://", "https://", "src=", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(outside))) << outside;
  for (const char c : page) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
}

TEST(Html, tags_are_balanced) {
  const StreamBuilder run = sample_run();
  const std::string page = to_html(run.events(), judge(run.events(), run.reader()));
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z][a-z0-9]*)[^>]*?(/?)>");
  const std::string body = page.substr(page.find("<body>"), page.find("</html>") - page.find("<body>"));
  for (std::sregex_iterator it(body.begin(), body.end(), tag), end; it != end; ++it) {
    const std::string name = (*it)[2];
    if ((*it)[3] == "/" || name == "input" || name == "br" || name == "meta") continue;
    if ((*it)[1] != "/") {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), name) << body.substr(static_cast<std::size_t>(it->position()), 200);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Html, stays_small_for_twenty_scenarios_with_long_outputs) {
  StreamBuilder s;
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back("group/number-" + std::to_string(i));
  s.begin_run(ids);
  for (const std::string& id : ids) {
    s.begin_scenario(
         id,
         "id: " + id + "\nclaim: c\nrounds: 10\nsteps: [{id: run, run: 'yes'}]\nno_control_because: this is a test\n")
        .begin_variant("main");
    for (int round = 0; round < 10; ++round) {
      s.boot();
      s.step("run", exited(0, std::string(64 << 10, '<')));
    }
    s.end_variant().end_scenario();
  }
  s.end_run();
  const auto verdicts = judge(s.events(), s.reader());
  EXPECT_EQ(totals_of(verdicts).pass, 20);
  const auto page = to_html(s.events(), verdicts);
  EXPECT_LT(page.size(), 1'000'000u);
  EXPECT_THAT(page, HasSubstr(", with 41 MB of memory (wanted: at most 100)"));
}

TEST(HtmlText, links_stay_beside_the_report) {
  EXPECT_EQ(html_link("a/b c.log"), "./a/b%20c.log");
  EXPECT_EQ(html_link("javascript:alert(1)"), "./javascript%3Aalert%281%29");
  EXPECT_EQ(html_link("//host/x"), ".///host/x");
}

TEST(Summary, control_state_is_one_word_about_the_control) {
  const auto verdicts = sample_verdicts();
  std::map<std::string, std::string_view> states;
  for (const Verdict& verdict : verdicts) states[verdict.scenario.str()] = control_state(verdict);
  EXPECT_EQ(states["appraise/unknown-denied"], "violates");
  EXPECT_EQ(states["appraise/toothless"], "passes too");
  EXPECT_EQ(states["measure/pcr-predictable"], "none");
  EXPECT_EQ(states["measure/lost-tpm"], "-");
}

TEST(Summary, the_command_to_run_again_keeps_what_the_run_was_on) {
  event::RunBegin run;
  run.options = {"--kernel", "tree:/my linux", "--suite", "sid"};
  EXPECT_EQ(rerun_command(&run, ScenarioId("a/b")), "./diglab run a/b --kernel 'tree:/my linux' --suite sid");
  EXPECT_EQ(rerun_command(nullptr, ScenarioId("a/b")), "./diglab run a/b");
}

TEST(StoredRun, is_judged_again_and_rendered_also_when_it_was_killed) {
  auto directory = TempDir::make();
  ASSERT_TRUE(directory);
  StreamBuilder run = sample_run();
  const std::string stream = run.text();
  ASSERT_TRUE(write_file(directory->path() / "events.jsonl", stream.substr(0, stream.size() - 30)));
  for (const auto& [file, content] : run.files()) ASSERT_TRUE(write_file(directory->path() / file, content));
  const auto stored = load_run(directory->path());
  ASSERT_TRUE(stored) << stored.error().to_string();
  ASSERT_EQ(stored->verdicts.size(), 10u);
  EXPECT_EQ(stored->verdicts[8].outcome, Outcome::broken);
  EXPECT_THAT(stored->verdicts[8].reason, HasSubstr("the run ended before this scenario did"));
  EXPECT_EQ(stored->verdicts[0].outcome, Outcome::pass) << stored->verdicts[0].reason;
  ASSERT_TRUE(write_reports(directory->path(), stored->events, stored->verdicts));
  EXPECT_THAT(*read_file(directory->path() / "report.html"), HasSubstr("This run was cut off"));
  EXPECT_TRUE(std::filesystem::exists(directory->path() / "junit.xml"));
}

TEST(StoredRun, evidence_outside_of_the_results_is_not_read) {
  auto directory = TempDir::make();
  ASSERT_TRUE(directory);
  ASSERT_TRUE(write_file(directory->path() / "in", "x"));
  std::filesystem::create_symlink("/etc/hostname", directory->path() / "link");
  const EvidenceReader read = evidence_in(directory->path());
  EXPECT_TRUE(read("in"));
  for (const char* bad : {"", "/etc/hostname", "../x", "a/../../x", "link"}) {
    const auto result = read(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().kind(), ErrorKind::bad_input) << bad;
  }
}

}  // namespace
}  // namespace diglab
