// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/catalogue.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "os/files.h"
#include "scenario/parse.h"
#include "scenario/problems.h"
#include "scenario/suggest.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_included = std::size_t{4} << 20;

void include_files(std::vector<Step>& steps, const fs::path& base, Problems& problems);

void include_file(Step& step, const fs::path& base, Problems& problems) {
  auto read = [&](const std::string& file, std::string& into) {
    if (file.empty()) return;
    if (auto text = read_file(base / file, largest_included)) into = std::move(*text);
    else problems.add({step.line, step.column}, text.error().message());
  };
  if (auto* write = std::get_if<step::Write>(&step.body)) read(write->file, write->content);
  if (auto* corpus = std::get_if<step::PolicyCorpus>(&step.body)) read(corpus->file, corpus->rules);
  if (auto* parallel = std::get_if<step::Parallel>(&step.body)) include_files(parallel->steps, base, problems);
  if (auto* repeat = std::get_if<step::Repeat>(&step.body)) include_files(repeat->steps, base, problems);
}

void include_files(std::vector<Step>& steps, const fs::path& base, Problems& problems) {
  for (auto& step : steps) include_file(step, base, problems);
}

bool matches(const std::string& id, const std::string& pattern) {
  if (pattern.find('/') == std::string::npos && id.starts_with(pattern + "/")) return true;  // a whole group
  return ::fnmatch(pattern.c_str(), id.c_str(), 0) == 0;
}

bool has_tag(const Scenario& scenario, const std::string& tag) { return std::ranges::find(scenario.tags, tag) != scenario.tags.end(); }

/// Ids are long: one that was typed only in part is compared with as much of each.
std::string near_match(const std::string& word, const std::set<std::string>& known) {
  std::vector<std::string_view> whole(known.begin(), known.end()), beginnings;
  if (auto found = did_you_mean(word, whole); !found.empty()) return found;
  for (auto candidate : whole) beginnings.push_back(candidate.substr(0, word.size()));
  auto beginning = nearest(word, beginnings);
  if (!beginning) return {};
  auto found = std::ranges::find_if(whole, [&](auto candidate) { return candidate.starts_with(*beginning); });
  return fmt::format(" (did you mean '{}'?)", *found);
}

/// Every given word must name something; otherwise a typing mistake would look like a passing run.
Result<void> refuse_unknown(const std::vector<std::string>& given, std::string_view what, const std::set<std::string>& known,
                            auto names) {
  for (const auto& word : given) {
    if (names(word)) continue;
    return fail(ErrorKind::usage, fmt::format("no scenario has the {} '{}'{}", what, word, near_match(word, known)));
  }
  return {};
}

}  // namespace

Result<Scenario> load_scenario(const fs::path& file, const Known& known) {
  auto text = TRY(read_file(file, largest_included));
  auto scenario = TRY(parse_scenario(std::move(text), file.string(), known));
  Problems problems(file.string());
  const fs::path base = file.parent_path();
  include_files(scenario.steps, base, problems);
  if (scenario.control) {
    include_files(scenario.control->before, base, problems);
    for (auto& [id, step] : scenario.control->replace) include_file(step, base, problems);
  }
  if (!problems.empty()) return fail(problems.to_error());
  return scenario;
}

Result<std::vector<Scenario>> load_scenarios(const fs::path& directory, const Known& known) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".yaml" && entry->is_regular_file(error)) files.push_back(entry->path());
  }
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot list scenarios: {}", directory.string(), error.message()));
  std::ranges::sort(files);

  std::vector<Scenario> scenarios;
  std::vector<std::string> refused;
  ErrorKind kind = ErrorKind::bad_input;
  for (const auto& file : files) {
    auto scenario = load_scenario(file, known);
    if (!scenario) {
      kind = scenario.error().kind();
      refused.push_back(scenario.error().to_string());
      continue;
    }
    auto expected = file.lexically_relative(directory).replace_extension().generic_string();
    if (scenario->id.str() != expected) {
      refused.push_back(fmt::format("{}: the id is '{}'; expected '{}', as the file is named", file.string(), scenario->id.str(), expected));
      continue;
    }
    scenarios.push_back(std::move(*scenario));
  }
  if (!refused.empty()) return fail(kind, fmt::format("{}", fmt::join(refused, "\n")));
  std::ranges::sort(scenarios, {}, &Scenario::id);
  return scenarios;
}

Result<Shard> parse_shard(std::string_view text) {
  Shard shard;
  const char* end = text.data() + text.size();
  auto [slash, bad_index] = std::from_chars(text.data(), end, shard.index);
  bool valid = bad_index == std::errc{} && slash != end && *slash == '/';
  if (valid) {
    auto [stop, bad_count] = std::from_chars(slash + 1, end, shard.count);
    valid = bad_count == std::errc{} && stop == end && shard.index >= 1 && shard.index <= shard.count;
  }
  if (!valid) return fail(ErrorKind::usage, fmt::format("'{}' is no shard; expected I/N with I from 1 to N", text));
  return shard;
}

Result<std::vector<Scenario>> select(const std::vector<Scenario>& scenarios, const Selection& selection) {
  std::set<std::string> ids, tags;
  for (const auto& scenario : scenarios) {
    ids.insert(scenario.id.str());
    tags.insert(scenario.tags.begin(), scenario.tags.end());
  }
  TRY_VOID(refuse_unknown(selection.patterns, "id", ids, [&](const std::string& pattern) {
    return std::ranges::any_of(ids, [&](const std::string& id) { return matches(id, pattern); });
  }));
  TRY_VOID(refuse_unknown(selection.tags, "tag", tags, [&](const std::string& tag) { return tags.contains(tag); }));

  TRY_VOID(refuse_unknown(selection.without_tags, "tag", tags, [&](const std::string& tag) { return tags.contains(tag); }));

  auto wanted = selection.tags;
  if (selection.patterns.empty() && wanted.empty()) wanted = {"default"};
  std::vector<Scenario> chosen;
  for (const auto& scenario : scenarios) {
    bool by_id = selection.patterns.empty() ||
                 std::ranges::any_of(selection.patterns, [&](const auto& pattern) { return matches(scenario.id.str(), pattern); });
    bool by_tag = wanted.empty() || std::ranges::any_of(wanted, [&](const auto& tag) { return has_tag(scenario, tag); });
    bool refused = std::ranges::any_of(selection.without_tags, [&](const auto& tag) { return has_tag(scenario, tag); });
    if (by_id && by_tag && !refused) chosen.push_back(scenario);
  }
  if (chosen.empty()) return fail(ErrorKind::usage, "no scenario has one of these ids and one of these tags (./diglab list)");
  std::vector<Scenario> part;
  for (auto i = static_cast<std::size_t>(selection.shard.index - 1); i < chosen.size(); i += static_cast<std::size_t>(selection.shard.count)) {
    part.push_back(std::move(chosen[i]));
  }
  return part;
}

}  // namespace diglab
