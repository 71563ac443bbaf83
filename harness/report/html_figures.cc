// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "judge/expectation.h"
#include "judge/safe_text.h"
#include "report/html_text.h"
#include "report/summary.h"

namespace diglab {
namespace {

using std::chrono::milliseconds;

/// A path that fits into a column: its end says more than its beginning.
std::string short_path(const std::string& path, std::size_t limit) {
  if (!is_utf8(path) || path.size() <= limit) return one_line(path, limit);
  std::size_t start = path.size() - limit + 1;
  while (start < path.size() && (static_cast<unsigned char>(path[start]) & 0xc0) == 0x80) ++start;
  return "\xe2\x80\xa6" + one_line(path.substr(start), limit);
}

class Timeline {
 public:
  explicit Timeline(const ScenarioRecord& record) {
    bool any = false;
    for (const VariantRecord& variant : record.variants) {
      if (variant.boots.empty()) continue;
      if (!any || variant.begun < start_) start_ = variant.begun;
      if (!any || variant.last > end_) end_ = variant.last;
      any = true;
    }
    if (!any) return;
    // More rounds than a person looks at become a note.
    constexpr int most_rows = 24;
    for (const VariantRecord& variant : record.variants) {
      std::set<int> rounds;
      for (const BootRecord& boot : variant.boots) rounds.insert(boot.begin.where.round);
      for (const int round : rounds) {
        if (rows_ == most_rows) {
          ++left_out_;
          continue;
        }
        row(variant, round);
      }
    }
  }

  [[nodiscard]] std::string svg() const {
    if (rows_ == 0) return {};
    const int height = top + rows_ * row_height + 22;
    std::string out =
        fmt::format(R"(<svg class="timeline" viewBox="0 0 {} {}" role="img" aria-label="timeline of boots and steps">)",
                    width, height);
    out += body_;
    const auto total = std::chrono::duration_cast<milliseconds>(end_ - start_);
    for (int i = 0; i <= 4; ++i) {
      const double x = left + (width - left - right) * i / 4.0;
      out += fmt::format(
          R"(<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="0" y2="{1}"/><text class="axis" x="{0:.1f}" y="{2}" text-anchor="middle">{3}</text>)",
          x, height - 18, height - 4, duration(total * i / 4));
    }
    out += "</svg>";
    if (left_out_) out += fmt::format("<p class=\"note\">{} more rounds not drawn.</p>", left_out_);
    return out;
  }

 private:
  static constexpr int width = 900;
  static constexpr int left = 130;
  static constexpr int right = 30;
  static constexpr int top = 4;
  static constexpr int row_height = 22;

  [[nodiscard]] double x_of(EventTime time) const {
    const double span = std::max(1.0, std::chrono::duration<double>(end_ - start_).count());
    const double at = std::clamp(std::chrono::duration<double>(time - start_).count() / span, 0.0, 1.0);
    return left + (width - left - right) * at;
  }

  void bar(std::string_view style, EventTime from, EventTime to, int y, const std::string& title) {
    const double x = x_of(from);
    body_ +=
        fmt::format(R"(<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="14" rx="2"><title>{}</title></rect>)",
                    style, x, y, std::max(2.0, x_of(to) - x), html(title));
  }

  void row(const VariantRecord& variant, int round) {
    const int y = top + rows_++ * row_height;
    body_ += fmt::format(R"(<text class="row" x="{}" y="{}" text-anchor="end">{} {}</text>)", left - 10, y + 12,
                         html(one_line(variant.name, 10)), round);
    for (const BootRecord& boot : variant.boots) {
      if (boot.begin.where.round != round) continue;
      const auto took = boot.ends.empty() ? variant.last - boot.begun : EventTime::duration(boot.ends.front().took);
      const std::string outcome = boot.outcome().empty() ? "no end" : boot.outcome();
      bar(outcome == "agent" ? "boot" : "boot bad", boot.begun, boot.begun + took, y,
          fmt::format("boot {}: {} after {}", boot.begin.where.boot, outcome,
                      duration(std::chrono::duration_cast<milliseconds>(took))));
    }
    int drawn = 0;
    for (const StepRecord& step : variant.steps) {
      if (step.begin.where.round != round || ++drawn > 60) continue;
      const auto to = step.end ? step.begun + step.end->took : variant.last;
      bar(step.end && has_outcome(*step.end) ? "step" : "step bad", step.begun, to, y,
          fmt::format("{}: {}, {}", step.begin.step.str(), one_line(step.begin.what, 80),
                      step.end ? describe(*step.end) : std::string("never ended")));
    }
  }

  EventTime start_;
  EventTime end_;
  int rows_ = 0;
  int left_out_ = 0;
  std::string body_;
};

std::string_view style_of(const LogDiff& diff, const std::string& path) {
  for (const LogDiff::Change& change : diff.changes) {
    if (change.path == path) return to_string(change.kind);
  }
  return "same";
}

std::string change_row(const LogDiff& diff, const LogDiff::Change& change) {
  auto position = [](std::size_t p) { return p ? std::to_string(p) : std::string("\xe2\x80\x93"); };
  std::string what(to_string(change.kind));
  if (change.kind == LogDiff::Kind::moved && change.to < change.from)
    what += fmt::format(" {} earlier", change.from - change.to);
  if (change.kind == LogDiff::Kind::moved && change.to > change.from)
    what += fmt::format(" {} later", change.to - change.from);
  if (change.kind == LogDiff::Kind::removed) what = "only in " + diff.left;
  if (change.kind == LogDiff::Kind::added) what = "only in " + diff.right;
  std::string note = change.note.empty() ? "" : fmt::format("<br><code class=\"quiet\">{}</code>", html(change.note));
  return fmt::format(
      "<tr><td><span class=\"dot {}\"></span>{}</td><td class=\"path\">{}{}</td><td class=\"num\">{}</td><td "
      "class=\"num\">{}</td></tr>\n",
      to_string(change.kind), html(what), html(one_line(change.path)), note, position(change.from),
      position(change.to));
}

}  // namespace

std::string timeline_figure(const ScenarioRecord& record) {
  return Timeline(record).svg();
}

std::string log_diff_figure(const LogDiff& diff) {
  if (!diff.first) return {};
  constexpr int row_height = 22;
  constexpr int column = 370;
  constexpr int gap = 120;
  constexpr int width = 2 * column + gap;
  const int height = 24 + static_cast<int>(diff.rows.size()) * row_height + 4;
  auto y_of = [&](std::size_t i) { return 24 + static_cast<int>(i) * row_height; };
  std::string out = fmt::format("<p>{} and {} are the same up to entry {}; from there on:</p>\n", html(diff.left),
                                html(diff.right), *diff.first - 1);
  out += fmt::format(
      R"(<svg class="logs" viewBox="0 0 {} {}" role="img" aria-label="measurement lists of {} and {} where they part">)",
      width, height, html(diff.left), html(diff.right));
  out += fmt::format(
      R"(<text class="head" x="4" y="14">{} ({} entries)</text><text class="head" x="{}" y="14">{} ({} entries)</text>)",
      html(diff.left), diff.left_size, column + gap + 4, html(diff.right), diff.right_size);
  std::vector<bool> taken(diff.rows.size(), false);
  for (std::size_t i = 0; i < diff.rows.size(); ++i) {
    const LogDiff::Row& row = diff.rows[i];
    for (std::size_t j = 0; j < diff.rows.size(); ++j) {
      // A changed file has another digest on the other side: not the same measurement, though its path is.
      if (taken[j] || row.left.empty() || diff.rows[j].right != row.left || (row.same && i != j)) continue;
      taken[j] = true;
      const int from = y_of(i) + row_height / 2 - 2;
      const int to = y_of(j) + row_height / 2 - 2;
      const std::string_view style = i == j && row.same ? "same" : style_of(diff, row.left);
      out += fmt::format(R"(<path class="link {}" d="M{} {} C{} {} {} {} {} {}"/>)", style, column + 2, from,
                         column + gap / 2, from, column + gap / 2, to, column + gap - 2, to);
      break;
    }
    auto cell = [&](int x, const std::string& path) {
      if (path.empty()) return std::string();
      const std::string_view style = row.same ? "same" : style_of(diff, path);
      return fmt::format(
          R"(<rect class="cell {}" x="{}" y="{}" width="{}" height="{}" rx="3"/><text class="pos" x="{}" y="{}" text-anchor="end">{}</text><text class="entry {}" x="{}" y="{}">{}</text>)",
          style, x, y_of(i), column, row_height - 4, x + 34, y_of(i) + 13, row.position, style, x + 42, y_of(i) + 13,
          html(short_path(path, 44)));
    };
    out += cell(0, row.left) + cell(column + gap, row.right);
  }
  out += "</svg>\n";
  out += fmt::format(
      "<table class=\"moves\"><tr><th>what</th><th>measurement</th><th class=\"num\">{}</th><th "
      "class=\"num\">{}</th></tr>\n",
      html(diff.left), html(diff.right));
  for (const LogDiff::Change& change : diff.changes) out += change_row(diff, change);
  out += "</table>\n";
  if (diff.omitted) out += fmt::format("<p class=\"note\">and {} more.</p>\n", diff.omitted);
  return out;
}

}  // namespace diglab
