// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/expectation.h"

#include <fmt/format.h>

#include <regex>

#include "judge/safe_text.h"

namespace diglab {
namespace {

std::string describe_match(std::string_view stream, const TextMatch& match) {
  std::vector<std::string> parts;
  if (match.equals) parts.push_back(match.equals->empty() ? "empty" : fmt::format("'{}'", one_line(*match.equals)));
  if (match.contains) parts.push_back(fmt::format("containing '{}'", one_line(*match.contains)));
  if (match.matches) parts.push_back(fmt::format("matching /{}/", one_line(*match.matches)));
  return fmt::format("{} {}", stream, fmt::join(parts, " and "));
}

std::string_view trimmed(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Result<bool> text_holds(const TextMatch& match, std::string_view text) {
  if (match.equals && trimmed(*match.equals) != trimmed(text)) return false;
  if (match.contains && text.find(*match.contains) == std::string_view::npos) return false;
  if (match.matches) return found_in(text, *match.matches);
  return true;
}

}  // namespace

std::string describe(const Expectation& expectation) {
  std::vector<std::string> parts;
  if (expectation.status) parts.push_back(fmt::format("exit status {}", *expectation.status));
  if (expectation.success) parts.push_back(*expectation.success ? "success" : "no success");
  if (expectation.signal) parts.push_back(*expectation.signal);
  if (expectation.error) parts.push_back(*expectation.error);
  if (expectation.out) parts.push_back(describe_match("output", *expectation.out));
  if (expectation.err) parts.push_back(describe_match("stderr", *expectation.err));
  std::string text = parts.empty() ? std::string("success") : fmt::format("{}", fmt::join(parts, ", "));
  if (expectation.in == Expectation::In::some) text += " at least once";
  return text;
}

std::string describe(const event::StepEnd& end) {
  std::string text;
  if (end.error) {
    text = one_line(*end.error, 40);
    if (!end.stage.empty()) text += fmt::format(" from {}", one_line(end.stage, 40));
  } else if (end.signal) {
    text = fmt::format("killed by {}", one_line(*end.signal, 40));
  } else if (end.exit_status) {
    text = fmt::format("exit status {}", *end.exit_status);
  } else {
    return "no outcome";
  }
  if (!trimmed(end.out).empty()) text += fmt::format(", output '{}'", one_line(end.out, 80));
  if (!trimmed(end.err).empty() && end.exit_status != 0) text += fmt::format(", stderr '{}'", one_line(end.err, 80));
  return text;
}

bool has_outcome(const event::StepEnd& end) {
  return end.exit_status || end.signal || end.error;
}

Result<bool> holds(const Expectation& expectation, const event::StepEnd& end) {
  if (!has_outcome(end)) return false;
  const bool succeeded = end.exit_status == 0 && !end.signal && !end.error;
  if (expectation.empty()) return succeeded;
  if (expectation.status && end.exit_status != expectation.status) return false;
  if (expectation.success && *expectation.success != succeeded) return false;
  if (expectation.signal && end.signal != expectation.signal) return false;
  if (expectation.error && end.error != expectation.error) return false;
  if (expectation.out && !TRY(text_holds(*expectation.out, end.out))) return false;
  if (expectation.err && !TRY(text_holds(*expectation.err, end.err))) return false;
  return true;
}

Result<bool> found_in(std::string_view text, const std::string& pattern) {
  // libstdc++'s default matcher recurses once per character, which 64 KiB of output on one line turns into a stack
  // overflow, and may backtrack for ever. Its other matcher does neither, and refuses back-references, which nobody
  // needs here. A search would try again from every character; a match of the whole text with anything around the
  // pattern goes through it once.
  try {
    const std::regex alone(pattern);  // So that "a)(b" is wrong, as it is without the words around it.
    const std::regex whole("[\\s\\S]*(?:" + pattern + ")[\\s\\S]*",
                           std::regex::ECMAScript | std::regex::multiline | std::regex_constants::__polynomial);
    return std::regex_match(text.begin(), text.end(), whole);
  } catch (const std::regex_error& error) {
    return fail(ErrorKind::bad_input, fmt::format("regular expression '{}': {}", one_line(pattern), error.what()));
  }
}

}  // namespace diglab
