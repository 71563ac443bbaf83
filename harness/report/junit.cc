// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "judge/safe_text.h"
#include "judge/stream.h"
#include "report/summary.h"

namespace diglab {
namespace {

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:.3f}", static_cast<double>(time.count()) / 1000);
}

/// What a person needs who sees nothing but this text.
std::string body_of(const Verdict& verdict, const event::RunBegin* run) {
  std::string text;
  if (!verdict.claim.empty()) text += fmt::format("claim: {}\n", verdict.claim);
  for (const std::string& trouble : verdict.troubles) text += fmt::format("broken: {}\n", trouble);
  for (const CheckVerdict& check : verdict.checks) {
    if (check.as_wanted) continue;
    text += fmt::format("{} in {}:\n  expected: {}\n  seen:     {}\n", check.id.str(), check.variant, check.expected,
                        check.seen);
    if (!check.detail.empty()) text += check.detail + "\n";
  }
  for (const ConsoleReport& report : verdict.console)
    text += fmt::format("{} line {}:\n{}\n", report.file, report.line, report.excerpt);
  text += fmt::format("again: {}\n", rerun_command(run, verdict.scenario));
  return safe_text(text);
}

void add_case(pugi::xml_node suite, const Verdict& verdict, const std::string& group, const event::RunBegin* run) {
  const std::string id = safe_text(verdict.scenario.str());
  pugi::xml_node test = suite.append_child("testcase");
  test.append_attribute("classname") = group.c_str();
  test.append_attribute("name") = id.starts_with(group + "/") ? id.c_str() + group.size() + 1 : id.c_str();
  test.append_attribute("time") = seconds(verdict.took).c_str();
  const std::string reason = one_line(verdict.reason, 300);
  if (verdict.outcome == Outcome::skip) test.append_child("skipped").append_attribute("message") = reason.c_str();
  if (verdict.outcome != Outcome::fail && verdict.outcome != Outcome::broken) return;
  pugi::xml_node problem = test.append_child(verdict.outcome == Outcome::fail ? "failure" : "error");
  problem.append_attribute("message") = reason.c_str();
  problem.append_attribute("type") = std::string(to_string(verdict.outcome)).c_str();
  problem.text() = body_of(verdict, run).c_str();
}

void add_counts(pugi::xml_node node, const Totals& totals, std::chrono::milliseconds took) {
  node.append_attribute("tests") = totals.all();
  node.append_attribute("failures") = totals.fail;
  node.append_attribute("errors") = totals.broken;
  node.append_attribute("skipped") = totals.skip;
  node.append_attribute("time") = seconds(took).c_str();
}

}  // namespace

std::string to_junit(std::span<const Event> events, std::span<const Verdict> verdicts) {
  const RunRecord run = sort_events(events);
  const event::RunBegin* begin = run.begin ? &*run.begin : nullptr;
  std::vector<std::pair<std::string, std::vector<const Verdict*>>> groups;
  for (const Verdict& verdict : verdicts) {
    const std::string id = safe_text(verdict.scenario.str());
    const std::string group = id.substr(0, id.find('/'));
    if (groups.empty() || groups.back().first != group) {
      auto known = std::ranges::find(groups, group, [](const auto& item) { return item.first; });
      if (known != groups.end()) {
        known->second.push_back(&verdict);
        continue;
      }
      groups.emplace_back(group, std::vector<const Verdict*>());
    }
    groups.back().second.push_back(&verdict);
  }

  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name") = begin ? one_line(begin->run).c_str() : "diglab";
  add_counts(root, totals_of(verdicts),
             run.end ? run.end->took : std::chrono::duration_cast<std::chrono::milliseconds>(run.last - run.first));
  std::string timestamp = date_and_time(run.first).substr(0, 19);
  if (timestamp.size() > 10) timestamp[10] = 'T';
  for (const auto& [group, members] : groups) {
    pugi::xml_node suite = root.append_child("testsuite");
    suite.append_attribute("name") = group.c_str();
    Totals totals;
    std::chrono::milliseconds took{0};
    for (const Verdict* verdict : members) {
      totals.count(verdict->outcome);
      took += verdict->took;
    }
    add_counts(suite, totals, took);
    suite.append_attribute("timestamp") = timestamp.c_str();
    if (begin) {
      pugi::xml_node properties = suite.append_child("properties");
      auto property = [&](const std::string& name, const std::string& value) {
        pugi::xml_node node = properties.append_child("property");
        node.append_attribute("name") = one_line(name).c_str();
        node.append_attribute("value") = one_line(value, 300).c_str();
      };
      property("version", begin->version);
      property("acceleration", begin->acceleration);
      for (const auto& [key, value] : begin->host) property("host." + key, value);
    }
    for (const Verdict* verdict : members) add_case(suite, *verdict, group, begin);
  }
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace diglab
