// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/kernel_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace diglim::tool {
namespace {

/// Interface and std::filesystem throw; nothing of this passes a border.
template <typename Action>
auto attempt(const Interface& kernel, Action action) -> Result<decltype(action())> {
  try {
    return action();
  } catch (const std::exception& error) {
    std::error_code ignored;
    if (!std::filesystem::exists(kernel.directory(), ignored))
      return fail(ErrorKind::infra,
                  fmt::format("{} is not there: the running kernel has no DIGLIM, or securityfs is not mounted", kernel.directory()));
    return fail(ErrorKind::infra, fmt::format("{}: {}", kernel.directory(), error.what()));
  }
}

/// The number behind `key` in a line of the kernel.
std::optional<unsigned> number_after(std::string_view line, std::string_view key) {
  const auto at = line.find(key);
  unsigned number = 0;
  if (at == std::string_view::npos || std::sscanf(std::string(line.substr(at + key.size())).c_str(), "%u", &number) != 1)
    return std::nullopt;
  return number;
}

std::optional<Hit> parse_hit(std::string_view line) {
  const auto name_end = line.rfind(" (actions: ");
  if (name_end == std::string_view::npos) return std::nullopt;
  auto list = parse_entry(line.substr(0, name_end));
  const auto facts = line.substr(name_end);
  const auto actions = number_after(facts, "(actions: "), type = number_after(facts, "type: ");
  if (!list || !actions || !type || *type > digest_list) return std::nullopt;
  return Hit{.list = *std::move(list),
             .actions = {*actions},
             .type = static_cast<Type>(*type),
             .modifiers = static_cast<std::uint16_t>(number_after(facts, "modifiers: ").value_or(0))};
}

}  // namespace

std::string Actions::to_string() const {
  std::string text;
  const auto add = [&](bool is, std::string_view word) {
    if (is) text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
  };
  add(measured(), "measured");
  add(signature_verified(), "signature verified");
  add(appraised() && !signature_verified(), "appraised by a hash only");
  return text.empty() ? "neither measured nor appraised" : text;
}

std::optional<LoadedList> parse_entry(std::string_view entry) {
  for (const Algorithm& algo : algorithms()) {
    // "sha3-256" has a dash: what decides is that as many digits as the algorithm has come next.
    const auto start = algo.name.size() + 1, end = start + 2 * algo.size;
    if (!entry.starts_with(algo.name) || entry.size() <= end || entry[start - 1] != '-' || entry[end] != '-') continue;
    if (auto digest = parse_digest(entry.substr(0, end)))
      return LoadedList{.entry = std::string(entry), .digest = *std::move(digest), .label = std::string(entry.substr(end + 1))};
  }
  return std::nullopt;
}

std::vector<Hit> parse_hits(std::string_view text) {
  std::vector<Hit> hits;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    if (auto hit = parse_hit(line)) hits.push_back(*std::move(hit));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return hits;
}

Result<std::vector<LoadedList>> loaded_lists(const Interface& kernel) {
  const auto entries = TRY(attempt(kernel, [&] { return kernel.entries(); }));
  std::vector<LoadedList> lists;
  for (const auto& entry : entries)
    if (auto list = parse_entry(entry)) lists.push_back(*std::move(list));
  return lists;
}

Result<std::vector<Hit>> find(const Interface& kernel, const Digest& digest) {
  return parse_hits(TRY(attempt(kernel, [&] { return kernel.query(*digest.algorithm, digest.bytes); })));
}

Result<Counts> counts(const Interface& kernel) {
  return attempt(kernel, [&] { return kernel.counts(); });
}

Result<std::string> content_of(const Interface& kernel, const LoadedList& list) {
  return attempt(kernel, [&] { return kernel.read("digest_lists_loaded/" + list.entry); });
}

Result<Actions> actions_of(const Interface& kernel, const LoadedList& list) {
  const auto text = TRY(attempt(kernel, [&] { return kernel.read("digest_lists_loaded/" + list.entry + ".ascii"); }));
  return Actions{number_after(text, "actions: ").value_or(0)};
}

}  // namespace diglim::tool
