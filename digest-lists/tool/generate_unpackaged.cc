// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tool/boot_parameters.h"
#include "tool/count_of.h"
#include "tool/database.h"
#include "tool/executable.h"
#include "tool/file_list.h"
#include "tool/generate.h"
#include "tool/installed_lists.h"
#include "tool/list.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// Everything that somebody vouches for.
struct Known {
  std::set<Digest> digests;
  std::set<const Algorithm*> algorithms;
  std::optional<diglab::PackageSet> packages;

  void add(const std::vector<Listed>& listed) {
    for (const Listed& each : listed) {
      digests.insert(each.digest);
      algorithms.insert(each.digest.algorithm);
    }
  }

  [[nodiscard]] Result<bool> has(const fs::path& file) const {
    for (const Algorithm* algorithm : algorithms)
      if (digests.contains(TRY(digest_of_file(file, *algorithm)))) return true;
    return false;
  }

  [[nodiscard]] std::string owner(const std::string& path) const {
    if (!packages) return {};
    const auto owners = packages->owners(path);
    return owners.empty() ? std::string() : subject_of(*owners.front().package);
  }
};

Result<Known> what_is_known(const Root& root) {
  Known known;
  for (const auto& entry : TRY(installed_lists(root, BootParameters().directories)))
    if (!entry.masked) known.add(TRY(read_list(entry)).digests());
  if (auto packages = installed_packages(root)) {
    for (const auto& package : packages->packages()) known.add(TRY(digests_of(package)));
    known.packages = *std::move(packages);
  }
  return known;
}

/// What is in a directory, by name.
Result<std::vector<fs::path>> paths_in(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) paths.push_back(it->path());
  if (error) return fail(ErrorKind::bad_input, fmt::format("{}: {}", directory.string(), error.message()));
  std::ranges::sort(paths);
  return paths;
}

/// Looks at files, and walks directories. What cannot be looked at is named.
Result<void> look(const std::vector<fs::path>& paths, const GenerateUnpackaged& wish, const Known& known, const Context& context, Report& report,
                  std::vector<Unpackaged>& found) {
  for (const auto& each : paths) {
    const auto path = context.root.inside(each);
    struct ::stat status {};
    if (::lstat(each.c_str(), &status) != 0) continue;  // gone meanwhile
    if (S_ISDIR(status.st_mode)) {
      if (std::ranges::find(wish.except, path) != wish.except.end()) continue;
      if (const auto below = paths_in(each))
        TRY_VOID(look(*below, wish, known, context, report, found));
      else
        report.problems += fmt::format("left out: {}\n", below.error().to_string());
      continue;
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0) continue;
    auto kind = kind_of_executable(each, status);
    if (kind.empty()) continue;
    const auto is_known = known.has(each);
    if (!is_known) {
      report.problems += fmt::format("left out: {}\n", is_known.error().to_string());
      continue;
    }
    if (!*is_known) found.push_back({.path = path, .kind = std::move(kind), .owner = known.owner(path)});
  }
  return {};
}

/// Words are no list: who takes standard output for one is given none.
Report without_list(const GenerateUnpackaged& wish, Report report) {
  if (wish.list.output == "-") report.problems = std::exchange(report.text, "");
  return report;
}

}  // namespace

Result<Report> generate_unpackaged(const GenerateUnpackaged& wish, const Context& context) {
  const auto known = TRY(what_is_known(context.root));
  Report report;
  std::vector<Unpackaged> found;
  for (const auto& path : wish.below) {
    std::error_code error;
    const auto place = fs::canonical(context.root(path), error);
    if (error) return fail(ErrorKind::bad_input, fmt::format("{}: {}", path, error.message()));
    TRY_VOID(look(fs::is_regular_file(place, error) ? std::vector{place} : TRY(paths_in(place)), wish, known, context, report, found));
  }
  report.json["found"] = nlohmann::ordered_json::array();
  for (const Unpackaged& file : found) {
    report.text += fmt::format("{}: {}{}\n", file.path, file.kind, file.owner.empty() ? "" : ", other content than in " + file.owner);
    report.json["found"].push_back({{"path", file.path}, {"kind", file.kind}, {"owner", file.owner}});
  }
  if (wish.dry_run || found.empty()) {
    report.text += count_of(found.size(), "file") + " in no list and no package\n";
    report.status = found.empty() ? exit_status::yes : exit_status::no;
    return wish.dry_run ? report : without_list(wish, std::move(report));
  }
  if (!wish.yes && !wish.ask)
    return fail(
        ErrorKind::usage,
        fmt::format("{} in no list and no package, and nobody is there to ask: --yes takes all, --dry-run only names them",
                    count_of(found.size(), "file")));
  std::vector<FileToList> chosen;
  for (const Unpackaged& file : found) {
    const auto answer = wish.yes ? std::optional(true) : wish.ask(file);
    if (!answer) break;
    if (*answer) chosen.push_back({.path = file.path, .file = context.root(file.path)});
  }
  if (chosen.empty()) {
    report.text += "none of them was chosen: no list\n";
    return without_list(wish, std::move(report));
  }
  TRY_VOID(write_file_list(wish.list, chosen, context, report));
  return report;
}

}  // namespace diglim::tool
