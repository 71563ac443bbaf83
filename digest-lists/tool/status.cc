// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "format/list_name.h"
#include "os/files.h"
#include "tool/boot_parameters.h"
#include "tool/database.h"
#include "tool/installed_lists.h"
#include "tool/kernel_lists.h"
#include "tool/list.h"
#include "tool/load.h"
#include "tool/policy.h"

namespace diglim::tool {
namespace {

/// The installed side: what would be in the kernel if everything was as it should be.
struct Installed {
  std::vector<InstalledList> lists;               ///< Those that count: not the masked ones.
  std::map<std::string, std::string> uploaded;    ///< By name: what the kernel has if the list is loaded.
  std::map<std::string, std::string> unreadable;  ///< By path: why.
  std::set<Digest> digests;
  bool only_immutable = false;                    ///< Files of packages that may be modified are in no list on purpose.
};

Result<Installed> read_installed(const Root& root, const BootParameters& boot) {
  Installed installed;
  for (auto& entry : TRY(installed_lists(root, boot.directories))) {
    if (entry.masked) continue;
    if (const auto list = read_list(entry)) {
      installed.uploaded[entry.name] = list->uploaded();
      for (const auto& listed : list->digests()) installed.digests.insert(listed.digest);
    } else {
      installed.unreadable[entry.path] = list.error().to_string();
    }
    installed.only_immutable |= entry.only_immutable;
    installed.lists.push_back(std::move(entry));
  }
  return installed;
}

/// One line of differences, and the same for programs.
void differ(Report& report, std::string_view kind, const std::string& what, std::string_view how) {
  report.text += fmt::format("  {}: {}\n", what, how);
  report.json[std::string(kind)].push_back(what);
  report.status = exit_status::no;
}

Result<void> compare_loaded(const Installed& installed, const Context& context, Report& report) {
  const auto loaded = TRY(loaded_lists(context.kernel));
  const auto sums = TRY(counts(context.kernel));
  report.text += fmt::format("kernel    {} parser, {} file, {} metadata and {} list digests\n", sums[0], sums[1], sums[2], sums[3]);
  const auto policy = Policy::running();
  report.text += fmt::format("policy    {}\n", policy.to_string());
  report.text += fmt::format("lists     {} loaded, {} installed\n", loaded.size(), installed.lists.size());
  report.json["digests"] = {{"parser", sums[0]}, {"file", sums[1]}, {"metadata", sums[2]}, {"list", sums[3]}};
  report.json["policy"] = {{"measures", policy.measures}, {"appraises", policy.appraises}, {"enforces", policy.enforces}};

  // By content: the kernel has a list once, under the name that it came with first.
  std::set<std::string_view> wanted, there;
  for (const auto& [name, content] : installed.uploaded) wanted.insert(content);
  report.json["loaded"] = nlohmann::ordered_json::array();
  for (const auto& list : loaded) {
    const auto actions = TRY(actions_of(context.kernel, list));
    report.json["loaded"].push_back({{"list", list.entry}, {"actions", actions.mask}});
    if (const auto found = wanted.find(TRY(content_of(context.kernel, list))); found != wanted.end())
      there.insert(*found);
    else if (installed.uploaded.contains(list.label))
      differ(report, "different", list.entry, "loaded, but the installed list of this name has other content");
    else
      differ(report, "not_installed", list.entry, fmt::format("loaded ({}), but not installed", actions.to_string()));
  }
  for (const auto& list : installed.lists)
    if (const auto found = installed.uploaded.find(list.name);
        found != installed.uploaded.end() && !found->second.empty() && !there.contains(found->second))
      differ(report, "not_loaded", list.path, "installed, but not loaded");
  return {};
}

/// Lists are loaded, and not looked up.
bool is_list(const std::string& path, const BootParameters& boot) {
  const std::filesystem::path file(path);
  return std::ranges::find(boot.directories, file.parent_path().string()) != boot.directories.end() &&
         read_list_name(file.filename().string());
}

/// The vendor's directory is the packages': a list there of none is what an erasure or an upgrade without the rpm plugin leaves, or one
/// that was interrupted, and the old programs run by it.
void note_lists_without_package(const Installed& installed, const BootParameters& boot, const std::set<std::string>& subjects, Report& report) {
  for (const auto& list : installed.lists) {
    const auto name = read_list_name(list.name);
    if (!name || name->format != "rpm" || std::filesystem::path(list.path).parent_path() != boot.directories.front()) continue;
    if (!subjects.contains(subject_named(list.name)))
      differ(report, "lists_without_package", list.path,
             "no such package is installed; `diglim-reconcile`, or `diglim generate rpm --output /usr/lib/diglim --prune`, removes it");
  }
}

Result<void> compare_packages(const Installed& installed, const BootParameters& boot, const Context& context, Report& report) {
  const auto packages = installed_packages(context.root);
  // A system without RPM has lists all the same.
  if (!packages) return {};
  std::vector<std::string> without;
  std::set<std::string> subjects;
  for (const auto& package : packages->packages()) {
    subjects.insert(subject_of(package));
    const auto digests = TRY(digests_of(package));
    const auto is_known = [&](const Listed& listed) {
      if (installed.only_immutable && (listed.modifiers & immutable) == 0) return true;
      return installed.digests.contains(listed.digest) || is_list(listed.path, boot);
    };
    if (!std::ranges::all_of(digests, is_known))
      without.push_back(subject_of(package));
  }
  report.text += fmt::format("packages  {} installed, {} with files in no installed list\n", packages->packages().size(), without.size());
  report.json["packages"] = packages->packages().size();
  for (const auto& package : without)
    differ(report, "packages_without_list", package, "has files in no list; `diglim generate rpm --output /usr/lib/diglim` makes one");
  if (!boot.directories.empty()) note_lists_without_package(installed, boot, subjects, report);
  return {};
}

}  // namespace

Result<Report> status(const Context& context) {
  const bool is_running = context.root.is_running_system();
  return status_of(BootParameters::parse(is_running ? diglab::read_file("/proc/cmdline").value_or("") : ""), is_running, context);
}

Result<Report> status_of(const BootParameters& boot, bool with_kernel, const Context& context) {
  const auto installed = TRY(read_installed(context.root, boot));
  Report report;
  report.json = nlohmann::ordered_json::object();
  report.json["installed"] = installed.lists.size();
  if (with_kernel)
    TRY_VOID(compare_loaded(installed, context, report));
  else
    report.text += fmt::format("lists     {} installed\n", installed.lists.size());
  for (const auto& [path, why] : installed.unreadable) differ(report, "unreadable", path, why);
  TRY_VOID(compare_packages(installed, boot, context, report));
  for (const auto& directory : boot.directories)
    if (has_journal(context.root(directory)))
      differ(report, "interrupted", directory, "an rpm transaction is at work, or was interrupted; then `diglim-reconcile` settles its lists");
  return report;
}

}  // namespace diglim::tool
