// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/read_expect.h"

#include <algorithm>
#include <regex>

#include <fmt/format.h>

#include "scenario/suggest.h"
#include "scenario/system_names.h"

namespace diglab {
namespace {

/// std::regex matches by recursion: a bound on the pattern bounds the stack.
constexpr std::size_t longest_pattern = 1000;

std::optional<TextMatch> read_match(const Fields& expect, std::string_view key) {
  const auto* node = expect.find(key);
  if (!node) return std::nullopt;
  Fields fields(*node, keys::text, expect.problems());
  TextMatch match;
  // An output may well be expected to be empty or a number: any scalar will do here.
  if (const auto* equals = fields.find("equals")) {
    if (equals->kind == YamlNode::Kind::scalar && equals->quoted) {
      match.equals = equals->text;
    } else {
      match.equals = fields.text("equals");
    }
  }
  match.contains = fields.text("contains");
  match.matches = read_pattern(fields, "matches");
  if (fields.valid() && node->keys.empty()) expect.problems().add(node->at, fmt::format("'{}' expects nothing", key));
  return match;
}

std::optional<std::string> known_name(const Fields& fields, std::string_view key, std::string_view what,
                                     std::span<const std::string_view> known) {
  auto name = fields.text(key);
  if (!name || std::ranges::find(known, *name) != known.end()) return name;
  fields.problems().add(fields.find(key)->at,
                        fmt::format("'{}': expected {}, found '{}'{}", key, what, *name, did_you_mean(*name, known)));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_pattern(const Fields& fields, std::string_view key) {
  auto pattern = fields.text(key);
  if (!pattern) return std::nullopt;
  auto refuse = [&](std::string_view why) {
    fields.problems().add(fields.find(key)->at, fmt::format("'{}': not a regular expression (ECMAScript): {}", key, why));
  };
  if (pattern->size() > longest_pattern) {
    refuse(fmt::format("longer than {} characters", longest_pattern));
    return std::nullopt;
  }
  try {
    std::regex compiled(*pattern, std::regex::ECMAScript);
  } catch (const std::regex_error& error) {
    refuse(error.what());
    return std::nullopt;
  }
  return pattern;
}

Expectation read_expectation(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::expect, problems);
  Expectation expect;
  if (!fields.valid()) return expect;
  if (fields.word("in", words::in) == "some") expect.in = Expectation::In::some;
  expect.status = fields.integer("status", 0, 255);
  expect.success = fields.boolean("success");
  expect.signal = known_name(fields, "signal", "a signal's name like SIGKILL", signal_names());
  expect.error = known_name(fields, "error", "an errno name like EACCES", errno_names());
  expect.out = read_match(fields, "out");
  expect.err = read_match(fields, "err");

  if (node.keys.empty()) problems.add(node.at, "'expect' expects nothing");
  int endings = int{fields.find("status") != nullptr} + int{fields.find("signal") != nullptr} + int{fields.find("error") != nullptr};
  if (endings > 1) problems.add(node.at, "a thing ends in one way: give only one of status, signal, error");
  bool bad_ending = expect.signal || expect.error || expect.status.value_or(0) != 0;
  if (expect.success == true && bad_ending) {
    problems.add(fields.key_at("success"), "'success: true' contradicts the status, signal or error beside it");
  }
  if (expect.success == false && expect.status == 0) {
    problems.add(fields.key_at("success"), "'success: false' contradicts 'status: 0'");
  }
  return expect;
}

}  // namespace diglab
