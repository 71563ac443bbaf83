// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/diff.h"

#include <fmt/format.h>

#include <map>

#include "tool/database.h"
#include "tool/installed_lists.h"
#include "tool/list.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

struct Entry {
  std::uint16_t modifiers = 0;  ///< Of all places together, as the kernel sees it.
  std::string path;             ///< The first that is known.
};
using Content = std::map<std::pair<Type, Digest>, Entry>;

void add(Content& content, const std::vector<Listed>& digests) {
  for (const Listed& listed : digests) {
    auto& entry = content[{listed.type, listed.digest}];
    entry.modifiers |= listed.modifiers;
    if (entry.path.empty()) entry.path = listed.path;
  }
}

Result<Content> content_of(const std::string& source, const Context& context) {
  constexpr std::string_view package_prefix = "package:";
  Content content;
  std::error_code error;
  if (source.starts_with(package_prefix)) {
    const auto packages = TRY(installed_packages(context.root));
    const auto found = packages.named(source.substr(package_prefix.size()));
    if (found.empty()) return fail(ErrorKind::bad_input, fmt::format("{}: no such package is installed", source));
    for (const auto* package : found) add(content, TRY(digests_of(*package)));
  } else if (fs::is_directory(source, error)) {
    // What is masked is not there; of a marked directory the kernel is given less.
    const auto lists = TRY(installed_lists(Root(), std::vector<std::string>{source}));
    if (lists.empty()) return fail(ErrorKind::bad_input, fmt::format("{}: has no lists in it", source));
    for (const auto& list : lists)
      if (!list.masked) add(content, TRY(read_list(list)).digests());
  } else if (source.ends_with(".rpm")) {
    const auto packages = TRY(diglab::PackageSet::from_files({source}));
    add(content, TRY(digests_of(packages.packages().front())));
  } else {
    add(content, TRY(List::read(source)).digests());
  }
  return content;
}

/// One difference, as a line and for programs.
void tell(Report& report, char sign, const Content::value_type& content, std::string_view how) {
  const auto& [key, entry] = content;
  report.text += fmt::format("{} {} {}{}{}{}\n", sign, to_string(key.first), key.second.to_string(),
                             (entry.modifiers & immutable) != 0 ? " immutable" : "", entry.path.empty() ? "" : " ", entry.path);
  nlohmann::ordered_json item{{"type", to_string(key.first)}, {"digest", key.second.to_string()}, {"modifiers", entry.modifiers}};
  if (!entry.path.empty()) item["path"] = entry.path;
  report.json[std::string(how)].push_back(std::move(item));
  report.status = exit_status::no;
}

}  // namespace

Result<Report> diff(const Diff& wish, const Context& context) {
  const auto before = TRY(content_of(wish.before, context)), after = TRY(content_of(wish.after, context));
  Report report;
  report.json = {{"removed", nlohmann::ordered_json::array()},
                 {"added", nlohmann::ordered_json::array()},
                 {"changed", nlohmann::ordered_json::array()}};
  for (const auto& each : before)
    if (!after.contains(each.first)) tell(report, '-', each, "removed");
  for (const auto& each : after) {
    const auto old = before.find(each.first);
    if (old == before.end())
      tell(report, '+', each, "added");
    else if (old->second.modifiers != each.second.modifiers)
      tell(report, '~', each, "changed");
  }
  return report;
}

}  // namespace diglim::tool
