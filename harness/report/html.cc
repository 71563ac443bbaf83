// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "judge/safe_text.h"
#include "judge/stream.h"
#include "report/html_scenario.h"
#include "report/html_style.h"
#include "report/html_text.h"
#include "report/summary.h"

namespace diglab {
namespace {

std::string fact(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  constexpr std::size_t fits_column = 30;
  const std::string_view style = value.size() > fits_column ? " class=\"wide\"" : "";
  return fmt::format("<div{}><dt>{}</dt><dd>{}</dd></div>\n", style, html(name), html(one_line(value, 200)));
}

/// What all variants say about a fact, each value once.
std::string values_of(const RunRecord& run, const std::string& key) {
  std::set<std::string> values;
  for (const ScenarioRecord& scenario : run.scenarios) {
    for (const VariantRecord& variant : scenario.variants) {
      if (auto found = variant.facts.find(key); found != variant.facts.end() && !found->second.empty())
        values.insert(found->second);
    }
  }
  return fmt::format("{}", fmt::join(values, ", "));
}

std::string_view outcome_of(const RunRecord& run, const Totals& totals) {
  if (totals.fail) return "fail";
  return totals.broken || !run.faults.empty() || !run.end || run.end->interrupted ? "broken" : "pass";
}

/// What the harness itself took, and what it may take.
std::string memory(const RunRecord& run) {
  if (!run.end || !run.end->peak_memory_kib) return {};
  return fmt::format(", with {} MB of memory (wanted: at most 100)", *run.end->peak_memory_kib * 1024LL / 1'000'000);
}

std::string header(const RunRecord& run, const Totals& totals) {
  const std::string name = run.begin ? run.begin->run : "unknown run";
  const auto took =
      run.end ? run.end->took : std::chrono::duration_cast<std::chrono::milliseconds>(run.last - run.first);
  std::string out = fmt::format("<header><div>\n<h1>diglab <small>{}</small></h1>\n", html(name));
  out += fmt::format("<div>{} in {}{}</div>\n", html(totals.to_string()), duration(took), memory(run));
  if (!run.end) out += "<div class=\"reason broken\"><b>This run was cut off:</b>its event stream has no end.</div>\n";
  if (run.end && run.end->interrupted) out += "<div class=\"reason broken\"><b>This run was interrupted.</b></div>\n";
  for (const event::Fault& fault : run.faults)
    out += fmt::format("<div class=\"reason broken\"><b>{}:</b>{}</div>\n", html(fault.kind), html(fault.message));
  out += "<div class=\"bar\">";
  auto part = [&](std::string_view style, int count) {
    if (count)
      out += fmt::format("<span class=\"{}\" style=\"flex:{}\" title=\"{} {}\"></span>", style, count, count, style);
  };
  part("pass", totals.pass);
  part("fail", totals.fail);
  part("broken", totals.broken);
  part("skip", totals.skip);
  out += "</div>\n<dl class=\"facts\">\n";
  out += fact("when", date_and_time(run.first));
  out += fact("kernel", values_of(run, "kernel"));
  if (run.begin) {
    out += fact("acceleration", run.begin->acceleration);
    out += fact("command", run.begin->command);
    out += fact("connection", run.begin->connection);
    out += fact("diglab", run.begin->version);
    for (const auto& [key, value] : run.begin->host)
      out += fact(key == "kernel" ? "host kernel" : key == "acceleration" ? "chosen because" : key, value);
  }
  return out + "</dl>\n</div></header>\n";
}

std::string filter(const Totals& totals) {
  const int kinds = (totals.pass > 0) + (totals.fail > 0) + (totals.broken > 0) + (totals.skip > 0);
  if (kinds < 2) return {};
  std::string out = fmt::format(
      "<div class=\"filter\"><input type=\"radio\" name=\"only\" id=\"only-all\" checked><label for=\"only-all\">all "
      "{}</label>",
      totals.all());
  auto choice = [&](std::string_view kind, int count) {
    if (count)
      out += fmt::format("<input type=\"radio\" name=\"only\" id=\"only-{0}\"><label for=\"only-{0}\">{0} {1}</label>",
                         kind, count);
  };
  choice("pass", totals.pass);
  choice("fail", totals.fail);
  choice("broken", totals.broken);
  choice("skip", totals.skip);
  return out + "</div>\n";
}

std::string claims(std::span<const Verdict> verdicts) {
  std::string out =
      "<div class=\"card\"><table class=\"claims\"><tr><th>verdict</th><th>claim</th><th>control</th><th "
      "class=\"num\">time</th></tr>\n";
  for (const Verdict& verdict : verdicts) {
    const std::string_view outcome = to_string(verdict.outcome);
    const std::string& id = verdict.scenario.str();
    out += fmt::format(
        "<tr data-v=\"{0}\"><td><span class=\"badge {0}\">{0}</span></td><td><a class=\"claim\" href=\"#{1}\">{2}</a> "
        "<span class=\"id mono\">{3}</span>",
        outcome, html_id(id), html(verdict.claim.empty() ? id : verdict.claim), html(id));
    if (!verdict.reason.empty()) out += fmt::format("<div class=\"why\">{}</div>", html(verdict.reason));
    out += fmt::format("</td><td class=\"nowrap\">{}</td><td class=\"num\">{}</td></tr>\n", control_state(verdict),
                       verdict.took.count() ? duration(verdict.took) : "\xe2\x80\x93");
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string to_html(std::span<const Event> events, std::span<const Verdict> verdicts) {
  const RunRecord run = sort_events(events);
  const Totals totals = totals_of(verdicts);
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src "
      "data:; base-uri 'none'; form-action 'none'\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += fmt::format("<title>{} {}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{}</style>\n</head>\n<body>\n",
                     outcome_of(run, totals),
                     html(run.begin ? run.begin->run : "diglab"), html_style);
  out += header(run, totals);
  out += "<main>\n<h2>Claims</h2>\n" + filter(totals) + claims(verdicts) + "<h2>What was seen</h2>\n";
  // Those that need a reader first; otherwise the order of the run.
  std::vector<const Verdict*> ordered;
  for (const Verdict& verdict : verdicts) ordered.push_back(&verdict);
  std::ranges::stable_sort(ordered, {}, [](const Verdict* verdict) {
    return verdict->outcome == Outcome::fail ? 0 : verdict->outcome == Outcome::broken ? 1 : 2;
  });
  for (const Verdict* verdict : ordered) {
    auto record = std::ranges::find(run.scenarios, verdict->scenario, &ScenarioRecord::id);
    if (record != run.scenarios.end()) out += scenario_section(*record, *verdict, run);
  }
  out +=
      "</main>\n<footer><main>Made from <a href=\"./events.jsonl\">events.jsonl</a>, which holds all of it; "
      "<code>./diglab report</code> makes this page again. "
      "A control is the same scenario where the opposite must be seen.</main></footer>\n</body>\n</html>\n";
  return out;
}

}  // namespace diglab
