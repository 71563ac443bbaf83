// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/verdict_json.h"

#include <nlohmann/json.hpp>

#include "judge/safe_text.h"
#include "judge/stream.h"
#include "report/summary.h"

namespace diglab {
namespace {

using Json = nlohmann::ordered_json;

Json diff_to_json(const LogDiff& diff) {
  Json changes = Json::array();
  for (const LogDiff::Change& change : diff.changes) {
    Json item{{"kind", to_string(change.kind)}, {"path", safe_text(change.path)}};
    if (change.from) item["from"] = change.from;
    if (change.to) item["to"] = change.to;
    if (!change.note.empty()) item["note"] = safe_text(change.note);
    changes.push_back(std::move(item));
  }
  Json json{{"left", diff.left}, {"right", diff.right}, {"changes", std::move(changes)}, {"omitted", diff.omitted}};
  if (diff.first) json["first_difference"] = *diff.first;
  return json;
}

Json check_to_json(const CheckVerdict& check) {
  Json json{{"variant", check.variant},     {"id", check.id.str()},       {"met", check.met},
            {"as_wanted", check.as_wanted}, {"opposite", check.opposite}, {"expected", safe_text(check.expected)},
            {"seen", safe_text(check.seen)}};
  if (!check.detail.empty()) json["detail"] = safe_text(check.detail);
  for (const LogDiff& diff : check.diffs) json["diffs"].push_back(diff_to_json(diff));
  return json;
}

}  // namespace

std::string to_json(std::span<const Event> events, std::span<const Verdict> verdicts) {
  Json list = Json::array();
  for (const Verdict& verdict : verdicts) {
    Json json{{"scenario", safe_text(verdict.scenario.str())},
              {"claim", safe_text(verdict.claim)},
              {"outcome", to_string(verdict.outcome)},
              {"reason", safe_text(verdict.reason)},
              {"control", control_state(verdict)},
              {"took_ms", verdict.took.count()},
              {"checks", Json::array()}};
    for (const CheckVerdict& check : verdict.checks) json["checks"].push_back(check_to_json(check));
    for (const std::string& trouble : verdict.troubles) json["troubles"].push_back(safe_text(trouble));
    for (const ConsoleReport& report : verdict.console) {
      json["console"].push_back({{"place", place(report.where)},
                                 {"file", safe_text(report.file)},
                                 {"line", report.line},
                                 {"kind", report.kind},
                                 {"title", safe_text(report.title)},
                                 {"excerpt", safe_text(report.excerpt)}});
    }
    list.push_back(std::move(json));
  }
  const Totals totals = totals_of(verdicts);
  const Json json{
      {"verdicts", std::move(list)},
      {"totals", {{"pass", totals.pass}, {"fail", totals.fail}, {"broken", totals.broken}, {"skip", totals.skip}}},
      {"exit_status", exit_status(events, verdicts)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace diglab
