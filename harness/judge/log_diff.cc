// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/log_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <unordered_map>

#include "judge/safe_text.h"

namespace diglab {
namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

/// For each measurement on the left, the index of its equal on the right: the k-th of a key with the k-th of that key.
std::vector<std::size_t> partners(std::span<const Measurement> left, std::span<const Measurement> right) {
  std::unordered_map<std::string_view, std::deque<std::size_t>> positions;
  for (std::size_t i = 0; i < right.size(); ++i) positions[right[i].key].push_back(i);
  std::vector<std::size_t> result(left.size(), none);
  for (std::size_t i = 0; i < left.size(); ++i) {
    auto found = positions.find(left[i].key);
    if (found == positions.end() || found->second.empty()) continue;
    result[i] = found->second.front();
    found->second.pop_front();
  }
  return result;
}

/// Marks the left indices of a longest run of partners whose order is the same on both sides: those stayed, the rest
/// moved.
std::vector<bool> stayed(const std::vector<std::size_t>& partner) {
  std::vector<std::size_t> tails;  // left index that ends the best run of each length
  std::vector<std::size_t> previous(partner.size(), none);
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (partner[i] == none) continue;
    auto slot = std::ranges::lower_bound(tails, partner[i], {}, [&](std::size_t index) { return partner[index]; });
    if (slot != tails.begin()) previous[i] = *std::prev(slot);
    if (slot == tails.end())
      tails.push_back(i);
    else
      *slot = i;
  }
  std::vector<bool> result(partner.size(), false);
  for (std::size_t i = tails.empty() ? none : tails.back(); i != none; i = previous[i]) result[i] = true;
  return result;
}

/// Pairs what was removed with what was added under the same path: one change of content instead of two.
void pair_changed(std::vector<LogDiff::Change>& changes, std::span<const Measurement> left,
                  std::span<const Measurement> right) {
  std::unordered_map<std::string_view, std::deque<LogDiff::Change*>> removed;
  for (auto& change : changes) {
    if (change.kind == LogDiff::Kind::removed) removed[change.path].push_back(&change);
  }
  for (auto& change : changes) {
    if (change.kind != LogDiff::Kind::added) continue;
    auto found = removed.find(change.path);
    if (found == removed.end() || found->second.empty()) continue;
    LogDiff::Change& other = *found->second.front();
    found->second.pop_front();
    change.kind = LogDiff::Kind::changed;
    change.from = other.from;
    change.note = fmt::format("{} -> {}", left[other.from - 1].digest, right[change.to - 1].digest);
    other.from = 0;  // Emptied; removed below.
  }
  std::erase_if(changes, [](const LogDiff::Change& change) { return change.from == 0 && change.to == 0; });
}

}  // namespace

std::string_view to_string(LogDiff::Kind kind) {
  switch (kind) {
    case LogDiff::Kind::moved:
      return "moved";
    case LogDiff::Kind::changed:
      return "changed";
    case LogDiff::Kind::removed:
      return "removed";
    case LogDiff::Kind::added:
      return "added";
  }
  return "?";
}

LogDiff compare_logs(std::string left_name, std::span<const Measurement> left, std::string right_name,
                     std::span<const Measurement> right, std::size_t limit) {
  LogDiff diff{.left = std::move(left_name),
               .right = std::move(right_name),
               .left_size = left.size(),
               .right_size = right.size(),
               .first = {},
               .changes = {},
               .omitted = 0,
               .rows = {}};
  const std::size_t shorter = std::min(left.size(), right.size());
  std::size_t first = 0;
  while (first < shorter && left[first].key == right[first].key) ++first;
  if (first == left.size() && first == right.size()) return diff;
  diff.first = first + 1;

  const auto partner = partners(left, right);
  const auto in_place = stayed(partner);
  std::vector<bool> matched(right.size(), false);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (partner[i] == none) {
      diff.changes.push_back(
          {.kind = LogDiff::Kind::removed, .path = left[i].path, .from = i + 1, .to = 0, .note = {}});
      continue;
    }
    matched[partner[i]] = true;
    if (!in_place[i])
      diff.changes.push_back(
          {.kind = LogDiff::Kind::moved, .path = left[i].path, .from = i + 1, .to = partner[i] + 1, .note = {}});
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (!matched[i])
      diff.changes.push_back({.kind = LogDiff::Kind::added, .path = right[i].path, .from = 0, .to = i + 1, .note = {}});
  }
  pair_changed(diff.changes, left, right);
  std::ranges::stable_sort(diff.changes, {},
                           [](const LogDiff::Change& change) { return change.to ? change.to : change.from; });
  if (diff.changes.size() > limit) {
    diff.omitted = diff.changes.size() - limit;
    diff.changes.resize(limit);
  }

  const std::size_t begin = first < 2 ? 0 : first - 2;
  const std::size_t end = std::min(std::max(left.size(), right.size()), first + 10);
  for (std::size_t i = begin; i < end; ++i) {
    const bool both = i < left.size() && i < right.size();
    diff.rows.push_back({.position = i + 1,
                         .left = i < left.size() ? left[i].path : std::string(),
                         .right = i < right.size() ? right[i].path : std::string(),
                         .same = both && left[i].key == right[i].key});
  }
  return diff;
}

std::string LogDiff::to_string() const {
  if (!first) return fmt::format("{} and {}: the same {} measurements in the same order", left, right, left_size);
  std::string text = fmt::format("{} ({} entries) and {} ({} entries) differ from entry {} on", left, left_size, right,
                                 right_size, *first);
  for (const Row& row : rows) {
    if (row.position != *first) continue;
    auto name = [](const std::string& path) { return path.empty() ? std::string("end of list") : one_line(path); };
    text += fmt::format(": {} / {}", name(row.left), name(row.right));
  }
  for (const Change& change : changes) {
    const std::string path = one_line(change.path);
    switch (change.kind) {
      case Kind::moved:
        text += fmt::format("\n{} moved from {} to {}", path, change.from, change.to);
        break;
      case Kind::changed:
        text += fmt::format("\n{} changed ({} to {}): {}", path, change.from, change.to, change.note);
        break;
      case Kind::removed:
        text += fmt::format("\n{} only in {}, at {}", path, left, change.from);
        break;
      case Kind::added:
        text += fmt::format("\n{} only in {}, at {}", path, right, change.to);
        break;
    }
  }
  if (omitted) text += fmt::format("\nand {} more", omitted);
  return text;
}

}  // namespace diglab
