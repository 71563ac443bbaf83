// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html_scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "judge/expectation.h"
#include "report/html_figures.h"
#include "report/html_text.h"
#include "report/html_trace.h"
#include "report/summary.h"
#include "scenario/parse.h"
#include "scenario/variant.h"

namespace diglab {
namespace {

// What is shown at most, so that a report stays a page that a browser likes; the rest is in the stream and the
// evidence.
constexpr std::size_t most_output = 2000;
constexpr std::size_t most_outputs = 20'000;
constexpr std::size_t most_excerpt = 6000;
constexpr std::size_t most_steps = 60;
constexpr std::size_t most_text = 8000;

std::string reason(const Verdict& verdict) {
  if (verdict.reason.empty()) return {};
  const std::string_view word = verdict.outcome == Outcome::broken ? "The laboratory failed:"
                                : verdict.outcome == Outcome::skip ? "Not run:"
                                                                   : "Not as claimed:";
  std::string out =
      fmt::format("<div class=\"reason {}\"><b>{}</b>{}", to_string(verdict.outcome), word, html(verdict.reason));
  constexpr std::size_t most = 10;
  std::size_t listed = 0;
  for (const std::string& trouble : verdict.troubles) {
    if (trouble == verdict.reason) continue;
    if (listed++ == 0) out += "<ul>";
    if (listed <= most) out += fmt::format("<li>{}</li>", html(trouble));
  }
  if (listed > most) out += fmt::format("<li>and {} more</li>", listed - most);
  if (listed) out += "</ul>";
  return out + "</div>\n";
}

std::string check_cell(const CheckVerdict* check) {
  if (!check) return "<td class=\"quiet\">\xe2\x80\x93</td>";
  std::string out = fmt::format("<td{}><span class=\"mark {}\">{}</span>{}", check->as_wanted ? "" : " class=\"bad\"",
                                check->as_wanted ? "good" : "bad", check->as_wanted ? "\xe2\x9c\x93" : "\xe2\x9c\x97",
                                html(check->seen));
  if (check->opposite) out += fmt::format("<div class=\"exp\">wanted: {}</div>", html(check->expected));
  if (!check->detail.empty() && check->diffs.empty())
    out += fmt::format("<details class=\"more\"{}><summary>details</summary><pre>{}</pre></details>",
                       check->as_wanted ? "" : " open", html_cut(check->detail, most_output));
  return out + "</td>";
}

std::string checks(const Verdict& verdict, bool has_control) {
  if (verdict.checks.empty()) return {};
  std::vector<CheckId> ids;
  for (const CheckVerdict& check : verdict.checks) {
    if (std::ranges::find(ids, check.id) == ids.end()) ids.push_back(check.id);
  }
  auto find = [&](const CheckId& id, std::string_view variant) -> const CheckVerdict* {
    auto found = std::ranges::find_if(
        verdict.checks, [&](const CheckVerdict& check) { return check.id == id && check.variant == variant; });
    return found == verdict.checks.end() ? nullptr : &*found;
  };
  std::string out =
      "<h3>Expected and seen</h3>\n<table class=\"checks\"><tr><th>check</th><th>expected</th><th>seen</th>";
  out += has_control ? "<th>seen in the control</th></tr>\n" : "</tr>\n";
  for (const CheckId& id : ids) {
    const CheckVerdict* main = find(id, main_variant);
    const CheckVerdict* control = find(id, control_variant);
    out += fmt::format("<tr><td class=\"mono\">{}</td><td>{}</td>{}{}</tr>\n", html(id.str()),
                       main ? html(main->expected) : std::string("<span class=\"quiet\">only in the control</span>"),
                       check_cell(main), has_control ? check_cell(control) : std::string());
  }
  return out + "</table>\n";
}

std::string moves(const Verdict& verdict) {
  std::string out;
  for (const CheckVerdict& check : verdict.checks) {
    if (check.diffs.empty()) continue;
    // A difference that the control had to show is no trouble: it is there for those who want to see it.
    const std::string title = fmt::format("What moved: {} ({})", html(check.id.str()), html(check.variant));
    std::string inner;
    for (const LogDiff& diff : check.diffs) inner += "<figure>" + log_diff_figure(diff) + "</figure>\n";
    inner += fmt::format("<details class=\"more\"><summary>all values as text</summary><pre>{}</pre></details>",
                         html_cut(check.detail, most_text));
    if (check.as_wanted)
      out += fmt::format("<details class=\"more moved\"><summary>{}</summary>{}</details>\n", title, inner);
    else
      out += fmt::format("<h3>{}</h3>\n<div class=\"moved\">{}</div>\n", title, inner);
  }
  return out;
}

std::string kernel_reports(const Verdict& verdict) {
  std::string out;
  for (const ConsoleReport& report : verdict.console) {
    std::string_view excerpt = report.excerpt;
    const std::string_view first = excerpt.substr(0, excerpt.find('\n'));
    excerpt.remove_prefix(std::min(excerpt.size(), first.size() + 1));
    out +=
        fmt::format("<p>{} in {}, <a href=\"{}\">{}</a> line {}</p>\n<pre><span class=\"oops\">{}</span>\n{}</pre>\n",
                    html(report.kind), html(place(report.where)), html(html_link(report.file)), html(report.file),
                    report.line, html(first), html_cut(excerpt, most_excerpt));
  }
  return out.empty() ? out : "<h3>What the kernel reported</h3>\n" + out;
}

/// An output that can be unfolded; nothing but its size once `budget`, the bytes that all outputs of a scenario may
/// take, is used up.
std::string output(std::string_view name, const std::string& text, std::size_t& budget) {
  if (text.empty()) return {};
  const std::string shown = html_cut(text, most_output);
  if (shown.size() > budget)
    return fmt::format("<div class=\"note\">{}: {} bytes, in events.jsonl</div>", name, text.size());
  budget -= shown.size();
  return fmt::format("<details class=\"more\"><summary>{} ({} bytes)</summary><pre>{}</pre></details>", name,
                     text.size(), shown);
}

std::string steps(const ScenarioRecord& record) {
  std::string out;
  std::size_t budget = most_outputs;
  for (const VariantRecord& variant : record.variants) {
    if (variant.steps.empty()) continue;
    const bool rounds =
        std::ranges::any_of(variant.steps, [](const StepRecord& step) { return step.begin.where.round > 1; });
    out += fmt::format(
        "<details class=\"more\"><summary>Steps of {} ({})</summary><table "
        "class=\"steps\"><tr>{}<th>step</th><th>what</th><th>outcome</th><th class=\"num\">time</th></tr>\n",
        html(variant.name), variant.steps.size(), rounds ? "<th>round</th>" : "");
    for (std::size_t i = 0; i < std::min(variant.steps.size(), most_steps); ++i) {
      const StepRecord& step = variant.steps[i];
      const bool lost = !step.end || !has_outcome(*step.end);
      out += fmt::format("<tr{}>{}<td class=\"mono\">{}</td><td>{}</td>", lost ? " class=\"lost\"" : "",
                         rounds ? fmt::format("<td>{}</td>", step.begin.where.round) : "", html(step.begin.step.str()),
                         html_cut(step.begin.what, 400));
      if (!step.end) {
        out += "<td>never ended</td><td></td></tr>\n";
        continue;
      }
      out += fmt::format("<td>{}{}{}{}</td><td class=\"num\">{}</td></tr>\n", html(describe(*step.end)),
                         output("output", step.end->out, budget), output("stderr", step.end->err, budget),
                         output("detail", step.end->detail, budget), duration(step.end->took));
    }
    out += "</table>";
    if (variant.steps.size() > most_steps)
      out += fmt::format("<p class=\"note\">{} more in events.jsonl.</p>", variant.steps.size() - most_steps);
    out += "</details>\n";
  }
  return out;
}

std::string machines(const ScenarioRecord& record) {
  const VariantRecord* main = record.variant(main_variant);
  const VariantRecord* control = record.variant(control_variant);
  std::set<std::string> keys;
  for (const VariantRecord* variant : {main, control}) {
    if (!variant) continue;
    for (const auto& [key, value] : variant->facts) keys.insert(key);
  }
  if (keys.empty()) return {};
  std::string out = fmt::format(
      "<details class=\"more\"><summary>Machine, kernel and policy</summary><table "
      "class=\"machine\"><tr><th></th><th>main</th>{}</tr>\n",
      control ? "<th>control</th>" : "");
  for (const std::string& key : keys) {
    auto value = [&](const VariantRecord* variant) -> std::string {
      if (!variant || !variant->facts.contains(key)) return {};
      return variant->facts.at(key);
    };
    auto cell = [&](const VariantRecord* variant) {
      const std::string text = value(variant);
      const bool long_text = key == "policy" || text.find('\n') != std::string::npos;
      return long_text && !text.empty() ? fmt::format("<td><pre>{}</pre></td>", html_cut(text, most_text))
                                        : fmt::format("<td><code>{}</code></td>", html_cut(text, most_text));
    };
    const bool differs = control && value(main) != value(control);
    out += fmt::format("<tr{}><td>{}</td>{}{}</tr>\n", differs ? " class=\"differs\"" : "", html(key), cell(main),
                       control ? cell(control) : "");
  }
  return out + "</table></details>\n";
}

std::string evidence(const ScenarioRecord& record) {
  std::string out;
  for (const VariantRecord& variant : record.variants) {
    std::map<std::string, std::vector<const event::Evidence*>> places;
    for (const event::Evidence& piece : variant.evidence)
      places[place(piece.where) + (piece.label.empty() ? "" : ", " + piece.label)].push_back(&piece);
    std::size_t shown = 0;
    for (const auto& [where, pieces] : places) {
      if (++shown > 40) break;
      out += fmt::format("<tr><td>{}</td><td><div class=\"files\">", html(where));
      for (const event::Evidence* piece : pieces)
        out += fmt::format("<a href=\"{}\" title=\"{}\">{}</a>", html(html_link(piece->file)),
                           html(piece->sha256.empty() ? piece->file : piece->file + "\nsha256 " + piece->sha256),
                           html(piece->kind));
      out += "</div></td></tr>\n";
    }
    if (places.size() > 40)
      out += fmt::format("<tr><td></td><td class=\"note\">and {} more places</td></tr>", places.size() - 40);
  }
  if (out.empty()) return out;
  return "<details class=\"more\"><summary>Evidence</summary><table class=\"steps\">" + out + "</table></details>\n";
}

}  // namespace

std::string scenario_section(const ScenarioRecord& record, const Verdict& verdict, const RunRecord& run) {
  const bool open = verdict.outcome == Outcome::fail || verdict.outcome == Outcome::broken;
  std::string out = fmt::format(
      "<details class=\"scenario {0}\" data-v=\"{0}\" id=\"{1}\"{2}><summary><span class=\"badge {0}\">{0}</span><span "
      "class=\"claim\">{3} <span class=\"id mono\">{4}</span></span><span class=\"quiet "
      "num\">{5}</span></summary>\n<div class=\"inside\">\n",
      to_string(verdict.outcome), html_id(record.id.str()), open ? " open" : "", html(verdict.claim),
      html(record.id.str()), verdict.took.count() ? duration(verdict.took) : "");
  out += reason(verdict);
  std::optional<Scenario> scenario;
  if (record.begin) {
    if (auto parsed = parse_scenario(record.begin->text, record.begin->file)) scenario = std::move(*parsed);
  }
  if (scenario) {
    std::vector<std::string> notes;
    if (!scenario->sources.empty())
      notes.push_back(fmt::format("From {}.", html(fmt::format("{}", fmt::join(scenario->sources, ", ")))));
    if (scenario->control) notes.push_back(fmt::format("Control: {}", html(scenario->control->why)));
    if (!scenario->control) notes.push_back(fmt::format("No control, because {}", html(scenario->no_control_because)));
    out += fmt::format("<p>{}</p>\n", fmt::join(notes, " "));
  }
  out += kernel_reports(verdict);
  out += checks(verdict, !scenario || scenario->control);
  out += moves(verdict);
  out += traces(record, run.begin ? run.begin->run : "RUN");
  if (const std::string figure = timeline_figure(record); !figure.empty()) {
    out += "<h3>When</h3>\n<figure>" + figure +
           "<div class=\"legend\"><span style=\"background:var(--removed);opacity:.45\"></span>boot<span "
           "style=\"background:var(--pass)\"></span>step"
           "<span style=\"background:var(--fail)\"></span>did not come up, or no outcome</div></figure>\n";
  }
  out += fmt::format("<div class=\"run\"><span>Run it again:</span><code>{}</code></div>\n",
                     html(rerun_command(run.begin ? &*run.begin : nullptr, record.id)));
  out += steps(record);
  out += machines(record);
  out += evidence(record);
  if (record.begin)
    out += fmt::format("<details class=\"more\"><summary>Scenario file {}</summary><pre>{}</pre></details>\n",
                       html(record.begin->file), html_cut(record.begin->text, most_text));
  return out + "</div></details>\n";
}

}  // namespace diglab
