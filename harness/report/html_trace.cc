// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "judge/safe_text.h"
#include "report/html_text.h"

namespace diglab {
namespace {

constexpr int width = 900, left = 280, right = 14, row_height = 16, marks_height = 26;
// The rest of it is in the stream.
constexpr std::size_t most_rows = 40, most_windows = 12, most_traces = 8;

/// The paths of rpm's database and of its temporary files are nobody's concern, and a package has many of them.
bool is_drawn(const UpgradeTrace::Point& point) { return !point.name.starts_with("unlink(/var/") && !point.name.starts_with("hook(fsm_file_pre"); }

class Drawing {
 public:
  explicit Drawing(const UpgradeTrace& trace) : trace_(trace) {
    bool any = false;
    const auto take = [&](UpgradeTrace::Time from, UpgradeTrace::Time to) {
      begin_ = any ? std::min(begin_, from) : from;
      end_ = any ? std::max(end_, to) : to;
      any = true;
    };
    for (const auto& one : trace.attempts) take(one.first, one.last);
    for (const auto& point : trace.points) take(point.time, point.time);
  }

  std::string svg() {
    for (const auto& one : trace_.attempts) row_of(one);
    const std::size_t rows = std::min(rows_.size(), most_rows);
    const int bottom = marks_height + static_cast<int>(rows) * row_height;
    std::string out = fmt::format(R"(<svg class="trace" viewBox="0 0 {} {}" role="img" aria-label="what was allowed during the transaction">)", width, bottom + 22);
    for (const auto& point : trace_.points)
      if (is_drawn(point)) out += mark(point, bottom);
    for (std::size_t i = 0; i < rows; ++i)
      out += fmt::format(R"(<text class="row" x="{}" y="{}" text-anchor="end">{}</text>)", left - 8, y_of(i) + 10, html(one_line(rows_[i], 42)));
    for (const auto& one : trace_.attempts)
      if (const std::size_t row = row_of(one); row < most_rows) out += bar(one, y_of(row));
    for (int i = 0; i <= 4; ++i) {
      const auto time = begin_ + (end_ - begin_) * i / 4;
      out += fmt::format(R"(<text class="axis" x="{:.1f}" y="{}" text-anchor="{}">{:.0f} ms</text>)", x_of(time), bottom + 16, i == 4 ? "end" : "middle",
                         static_cast<double>((time - begin_).count()) / 1000);
    }
    out += "</svg>";
    if (rows_.size() > most_rows) out += fmt::format("<p class=\"note\">{} more rows not drawn.</p>", rows_.size() - most_rows);
    return out;
  }

 private:
  static int y_of(std::size_t row) { return marks_height + static_cast<int>(row) * row_height; }

  [[nodiscard]] double x_of(UpgradeTrace::Time time) const {
    const auto span = std::max<double>(1, static_cast<double>((end_ - begin_).count()));
    return left + (width - left - right) * (static_cast<double>((time - begin_).count()) / span);
  }

  std::size_t row_of(const UpgradeTrace::Attempts& one) {
    const std::string name = fmt::format("{} {}{}", one.access, one.never ? "(never) " : "", one.path);
    const auto found = std::ranges::find(rows_, name);
    if (found != rows_.end()) return static_cast<std::size_t>(found - rows_.begin());
    rows_.push_back(name);
    return rows_.size() - 1;
  }

  [[nodiscard]] std::string mark(const UpgradeTrace::Point& point, int bottom) const {
    const std::string_view kind = point.name.starts_with("hook(") ? "hook" : point.name.starts_with("rename(") ? "rename" : "other";
    const double x = x_of(point.time);
    return fmt::format(R"(<g class="mark {0}"><title>{1}</title><line x1="{2:.1f}" x2="{2:.1f}" y1="{3}" y2="{4}"/><path d="M{2:.1f} {5} l-3 -6 h6 z"/></g>)", kind,
                       html(one_line(point.to_string(), 120)), x, marks_height - 4, bottom, marks_height - 2);
  }

  std::string bar(const UpgradeTrace::Attempts& one, int y) {
    std::string style = "absent";
    if (one.is_violation()) style = "bad";
    else if (one.never) style = "denied";
    else if (one.result == "allowed") style = fmt::format("content-{}", content_of(one));
    return fmt::format(R"(<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="12"><title>{}: {} times {}, {}</title></rect>)", style, x_of(one.first), y,
                       std::max(1.5, x_of(one.last) - x_of(one.first)), html(one_line(one.path, 80)), one.count, html(one_line(one.result, 20)),
                       html(one_line(one.digest, 20)));
  }

  /// Contents of one file have colours in the order in which they were seen.
  unsigned content_of(const UpgradeTrace::Attempts& one) {
    if (one.digest == "-") return 0;
    auto& contents = contents_[one.path];
    return contents.try_emplace(one.digest, static_cast<unsigned>(contents.size() + 1) % 3).first->second;
  }

  const UpgradeTrace& trace_;
  UpgradeTrace::Time begin_{0}, end_{0};
  std::vector<std::string> rows_;
  std::map<std::string, std::map<std::string, unsigned>> contents_;
};

}  // namespace

std::string trace_figure(const UpgradeTrace& trace) {
  return Drawing(trace).svg() +
         "<div class=\"legend\"><span style=\"background:var(--removed)\"></span>allowed, first content<span style=\"background:var(--pass)\"></span>second content"
         "<span style=\"background:var(--skip)\"></span>unknown, or a further content"
         "<span style=\"background:var(--line)\"></span>absent, or denied as it must be<span style=\"background:var(--fail)\"></span>not as it should be; above: "
         "hooks, renames, other changes</div>";
}

std::string traces(const ScenarioRecord& record, std::string_view run) {
  std::string out;
  std::size_t drawn = 0;
  for (const VariantRecord& variant : record.variants) {
    for (const StepRecord& step : variant.steps) {
      if (!step.end) continue;
      const auto trace = parse_upgrade_trace(step.end->out);
      if (!trace || trace->points.empty() || ++drawn > most_traces) continue;
      out += fmt::format("<h3>{}, step {}: <code>{}</code></h3>\n<figure>{}</figure>\n", html(variant.name), html(step.begin.step.str()),
                         html(one_line(trace->command, 200)), trace_figure(*trace));
      std::string windows;
      for (std::size_t i = 0; i < std::min(most_windows, trace->windows.size()); ++i) windows += html(one_line(trace->windows[i], 300)) + "\n";
      if (windows.empty()) continue;
      out += fmt::format("<pre>{}</pre>\n", windows);
      if (const auto points = trace->violated_points(); !points.empty())
        out += fmt::format("<div class=\"run\"><span>Look at it again:</span><code>diglab replay {}/{}/{} --variant {} --step {}</code></div>\n", html(run),
                           html(record.id.str()), points.front()->number, html(variant.name), html(step.begin.step.str()));
    }
  }
  return out;
}

}  // namespace diglab
