// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/early_lists.h"

#include <algorithm>
#include <utility>

#include "os/files.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

bool is_same(const InstalledList& a, const InstalledList& b) {
  if (a.masked || b.masked || a.name != b.name || a.only_immutable != b.only_immutable) return false;
  const auto x = diglab::read_file(a.file), y = diglab::read_file(b.file);
  return x && y && *x == *y;
}

}  // namespace

Result<std::vector<InstalledList>> outdated_lists(const Root& early, const Root& root, std::span<const std::string> directories) {
  const auto installed = TRY(installed_lists(root, directories));
  std::vector<std::pair<InstalledList, List>> suspects;
  for (auto& each : TRY(installed_lists(early, directories))) {
    // Most are the same files, and need not be understood.
    if (each.masked || std::ranges::any_of(installed, [&](const InstalledList& other) { return is_same(each, other); })) continue;
    if (auto list = read_list(each); list && !list->uploaded().empty()) suspects.emplace_back(std::move(each), *std::move(list));
  }
  // The kernel has a content once, under the name that came first. As long as a list of the root has it, it stays.
  for (auto other = installed.begin(); other != installed.end() && !suspects.empty(); ++other) {
    if (other->masked) continue;
    if (const auto list = read_list(*other))
      std::erase_if(suspects, [&](const auto& suspect) { return suspect.second.uploaded() == list->uploaded(); });
  }
  std::vector<InstalledList> outdated;
  for (auto& [each, list] : suspects) outdated.push_back(std::move(each));
  return outdated;
}

Result<void> keep_lists(const std::vector<InstalledList>& lists, const fs::path& place) {
  for (const InstalledList& list : lists) {
    const auto kept = place / fs::path(list.path).relative_path();
    TRY_VOID(diglab::write_file(kept, TRY(diglab::read_file(list.file))));
    if (list.only_immutable) TRY_VOID(diglab::write_file(kept.parent_path() / only_immutable_mark, ""));
  }
  return {};
}

}  // namespace diglim::tool
