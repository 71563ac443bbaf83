// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/ktap_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>

namespace diglab {
namespace {

constexpr std::size_t kept_diagnostics = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "<6>text" -> "text"
std::string_view without_priority(std::string_view line) {
  if (!line.starts_with('<')) return line;
  const auto end = line.find('>');
  if (end == std::string_view::npos || end > 4) return line;
  return line.substr(end + 1);
}

std::string_view without_one_space(std::string_view line) { return line.substr(line.starts_with(' ') ? 1 : 0); }

/// "<6>[    1.234567] text" and "[    1.234567] <6> text" (how the agent writes kernel messages) -> "text", with the indentation that
/// belongs to the text.
std::string_view without_stamp(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  line = without_priority(line);
  if (!line.starts_with('[')) return line;
  const auto end = line.find(']');
  const bool stamp = end != std::string_view::npos && std::ranges::all_of(line.substr(1, end - 1), [](char c) { return is_digit(c) || c == ' ' || c == '.' || c == 'T' || c == 'C'; });
  if (!stamp) return line;
  line = without_one_space(line.substr(end + 1));
  const auto text = without_priority(line);
  return text.size() == line.size() ? line : without_one_space(text);
}

struct ResultLine {
  bool ok = false;
  std::string name;
  std::optional<std::string> skip;
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('-')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// "ok 3 - name # SKIP why", "not ok 4 name"
std::optional<ResultLine> result_line(std::string_view text) {
  ResultLine found{.ok = !text.starts_with("not "), .name = {}, .skip = {}};
  if (!found.ok) text.remove_prefix(4);
  if (!text.starts_with("ok ") && text != "ok") return std::nullopt;
  text.remove_prefix(std::min<std::size_t>(3, text.size()));
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  if (!text.empty() && text.front() != ' ') return std::nullopt;
  const auto directive = text.find(" # SKIP");
  if (directive != std::string_view::npos) {
    found.skip = std::string(trimmed(text.substr(directive + 7)));
    text = text.substr(0, directive);
  } else if (const auto comment = text.find(" # "); comment != std::string_view::npos) {
    text = text.substr(0, comment);
  }
  found.name = trimmed(text);
  return found;
}

/// The tests at one depth that wait for the line which closes them.
struct Level {
  std::size_t indent = 0;
  std::optional<std::size_t> planned;
  std::size_t results = 0;
  std::vector<KtapTest> tests;
  std::deque<std::string> diagnostics;
};

class Reader {
 public:
  void line(std::string_view raw) {
    std::string_view text = without_stamp(raw);
    const auto indent = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(indent);
    if (text.starts_with("Bail out!")) return note(fmt::format("it gave up: {}", text));
    if (text.starts_with("1..")) return plan(indent, text.substr(3));
    if (text.starts_with("# ")) return diagnostic(indent, text.substr(2));
    if (const auto result = result_line(text)) close(indent, *result);
  }

  KtapResults finish() && {
    while (levels_.size() > 1) drop_inner();
    KtapResults results;
    if (!levels_.empty()) {
      check_plan(levels_.back());
      results.tests = std::move(levels_.back().tests);
    }
    results.incomplete = std::move(incomplete_);
    return results;
  }

 private:
  void note(std::string what) {
    if (incomplete_.empty()) incomplete_ = std::move(what);
  }

  Level& level_at(std::size_t indent) {
    if (levels_.empty() || levels_.back().indent < indent) levels_.push_back({.indent = indent, .planned = {}, .results = 0, .tests = {}, .diagnostics = {}});
    return levels_.back();
  }

  void plan(std::size_t indent, std::string_view count) {
    std::size_t planned = 0;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), planned);
    if (error != std::errc{}) return;
    while (!levels_.empty() && levels_.back().indent > indent) drop_inner();
    Level& level = level_at(indent);
    // The plans of several programs one after the other add up; a plan may also follow its results.
    if (level.planned && level.results >= *level.planned)
      level.planned = level.results + planned;
    else
      level.planned = level.planned.value_or(0) + planned;
  }

  void diagnostic(std::size_t indent, std::string_view text) {
    if (levels_.empty()) return;
    // KUnit indents what belongs to a case like the case.
    Level& level = levels_.back();
    if (indent < level.indent) return;
    level.diagnostics.emplace_back(text);
    if (level.diagnostics.size() > kept_diagnostics) level.diagnostics.pop_front();
  }

  void check_plan(const Level& level) {
    if (level.planned && level.results < *level.planned)
      note(fmt::format("{} of {} announced tests reported a result", level.results, *level.planned));
  }

  /// Inner tests whose outer result never came: they count, and the output is not complete.
  void drop_inner() {
    Level inner = std::move(levels_.back());
    levels_.pop_back();
    check_plan(inner);
    note("inner tests without the result of the test around them");
    Level& outer = levels_.empty() ? level_at(0) : levels_.back();
    std::ranges::move(inner.tests, std::back_inserter(outer.tests));
  }

  void close(std::size_t indent, const ResultLine& result) {
    while (levels_.size() > 1 && levels_.back().indent > indent && levels_[levels_.size() - 2].indent > indent) drop_inner();
    std::vector<KtapTest> inside;
    if (!levels_.empty() && levels_.back().indent > indent) {
      check_plan(levels_.back());
      inside = std::move(levels_.back().tests);
      levels_.pop_back();
    }
    Level& level = level_at(indent);
    ++level.results;
    for (KtapTest& test : inside) {
      test.name = result.name + "/" + test.name;
      level.tests.push_back(std::move(test));
    }
    const bool explained = std::ranges::any_of(inside, [](const KtapTest& test) { return test.outcome == KtapTest::Outcome::failed; });
    // A failure of the whole that no inner test has (its own set-up, say) is a failure too.
    if (inside.empty() || (!result.ok && !explained)) {
      KtapTest test{.name = result.name, .outcome = KtapTest::Outcome::passed, .reason = {}};
      if (result.skip) {
        test.outcome = KtapTest::Outcome::skipped;
        test.reason = *result.skip;
      } else if (!result.ok) {
        test.outcome = KtapTest::Outcome::failed;
        for (const std::string& text : level.diagnostics) test.reason += (test.reason.empty() ? "" : "\n") + text;
      }
      level.tests.push_back(std::move(test));
    }
    level.diagnostics.clear();
  }

  std::vector<Level> levels_;
  std::string incomplete_;
};

}  // namespace

KtapResults read_ktap(std::string_view text) {
  Reader reader;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    reader.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reader).finish();
}

}  // namespace diglab
