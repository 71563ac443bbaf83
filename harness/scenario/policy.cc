// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/policy.h"

#include <fmt/format.h>

#include "scenario/policy_words.h"
#include "scenario/suggest.h"

namespace diglab {
namespace {

constexpr std::size_t longest_rule = 4094;  // One write to securityfs is cut to a page less one byte, newline included.
constexpr std::string_view blanks = " \t";

std::string unknown_word(std::string_view token, const PolicyDialect& dialect) {
  std::vector<std::string_view> known;
  for (const auto& word : policy_words()) {
    if (word.pattern != "use_diglim" || dialect.diglim) known.push_back(word.pattern);
  }
  // Compare only the part before a value: 'fucn=BPRM_CHECK' is near 'func='.
  auto stem = token.substr(0, std::min(token.find_first_of("=<>"), token.size() - 1) + 1);
  for (auto word : known) {
    if (token == word) return "a value is missing";
    if (stem.size() == word.size() + 1 && stem.starts_with(word)) return fmt::format("'{}' takes no value", word);
  }
  return fmt::format("unknown word{}", did_you_mean(stem, known));
}

/// Reads one rule that is neither blank nor a comment. `column` counts from 0 here.
std::optional<PolicyProblem> read_rule(std::string_view line, const PolicyDialect& dialect, ImaRule& rule) {
  auto problem = [&](std::size_t column, std::string_view token, std::string reason) {
    return PolicyProblem{rule.line, static_cast<int>(column) + 1, std::string(token), std::move(reason)};
  };
  auto start = line.find_first_not_of(blanks);
  auto text = line.substr(start, line.find_last_not_of(blanks) - start + 1);
  rule.text = text;
  auto first = text.substr(0, text.find_first_of(blanks));
  if (line.size() > longest_rule) return problem(start, first, fmt::format("the rule is longer than {} bytes", longest_rule));
  if (line.starts_with('/')) return problem(start, first, "a rule cannot start with '/': the kernel would take it for a file name");
  if (auto nul = line.find('\0'); nul != std::string_view::npos) return problem(nul, first, "a NUL byte");

  for (std::size_t at = start; at != std::string_view::npos; at = line.find_first_not_of(blanks, at)) {
    auto end = std::min(line.find_first_of(blanks, at), line.size());
    auto token = line.substr(at, end - at);
    std::string_view value;
    const auto* word = find_policy_word(token, value);
    auto reason = word ? word->apply(*word, value, rule, dialect) : unknown_word(token, dialect);
    if (!reason.empty()) return problem(at, token, std::move(reason));
    at = end;
  }
  if (auto reason = rule_contradiction(rule, dialect); !reason.empty()) return problem(start, first, std::move(reason));
  return std::nullopt;
}

/// Calls `each(line, number)` for every line that is neither blank nor a comment.
template <typename Each>
void for_each_rule(std::string_view text, int number, Each each) {
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto start = line.find_first_not_of(blanks);
    if (start != std::string_view::npos && line[start] != '#') each(line, number);
    ++number;
  }
}

}  // namespace

PolicyDialect dialect_of(std::string_view kernel_flavour) {
  PolicyDialect dialect;
  dialect.diglim = kernel_flavour.find("diglim") != std::string_view::npos;
  return dialect;
}

PolicyReading read_policy(std::string_view text, int first_line, const PolicyDialect& dialect) {
  PolicyReading reading;
  for_each_rule(text, first_line, [&](std::string_view line, int number) {
    ImaRule rule;
    rule.line = number;
    if (auto problem = read_rule(line, dialect, rule)) {
      reading.problems.push_back(std::move(*problem));
      return;
    }
    if (rule.pcr.value_or(0) > 23) {
      reading.policy.warnings.push_back(fmt::format("line {}: pcr={}: the kernel accepts it, but a TPM has PCRs 0 to 23", number, *rule.pcr));
    }
    reading.policy.rules.push_back(std::move(rule));
  });
  return reading;
}

Result<ImaPolicy> parse_policy(std::string_view text, const std::string& file, int first_line, const PolicyDialect& dialect) {
  auto reading = read_policy(text, first_line, dialect);
  if (reading.problems.empty()) return std::move(reading.policy);
  Problems problems(file);
  for (const auto& problem : reading.problems) {
    problems.add({problem.line, problem.column}, fmt::format("'{}': {}", problem.token, problem.reason));
  }
  return fail(problems.to_error());
}

std::optional<PolicyProblem> rule_problem(std::string_view rule, const PolicyDialect& dialect) {
  auto reading = read_policy(rule, 1, dialect);
  if (reading.problems.empty()) return std::nullopt;
  return std::move(reading.problems.front());
}

std::vector<CorpusRule> read_corpus(std::string_view text) {
  std::vector<CorpusRule> rules;
  for_each_rule(text, 1, [&](std::string_view line, int number) {
    bool refused = line.starts_with('!');
    rules.push_back({number, std::string(line.substr(refused ? 1 : 0)), refused});
  });
  return rules;
}

}  // namespace diglab
