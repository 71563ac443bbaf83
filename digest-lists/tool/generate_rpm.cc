// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "format/list_name.h"
#include "format/rpm_list.h"
#include "format/signature.h"
#include "packages/package_set.h"
#include "tool/database.h"
#include "tool/file_list.h"
#include "tool/generate.h"
#include "tool/installed_lists.h"
#include "tool/list.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using diglab::Package;
using diglab::PackageSet;

bool is_package_file(const std::string& word) {
  return word.ends_with(".rpm");
}

std::string_view format_of(const GenerateRpm& wish) {
  return wish.compact ? "compact" : "rpm";
}

/// The packages that were asked for, of both sources. With `installed`, the database is read in any case.
Result<std::vector<Package>> wanted_packages(const GenerateRpm& wish, const std::optional<PackageSet>& installed) {
  std::vector<Package> packages;
  std::vector<fs::path> files;
  for (const auto& word : wish.packages) {
    if (is_package_file(word)) {
      files.emplace_back(word);
      continue;
    }
    const auto before = packages.size();
    for (const Package& package : installed->packages())
      if (package.name == word || package.nevra() == word || subject_of(package) == word) packages.push_back(package);
    if (packages.size() == before)
      return fail(ErrorKind::bad_input, fmt::format("no package '{}' is installed; a package file's name ends in .rpm", word));
  }
  const auto from_files = TRY(PackageSet::from_files(files));
  packages.insert(packages.end(), from_files.packages().begin(), from_files.packages().end());
  if (wish.packages.empty()) packages = installed->packages();
  return packages;
}

/// What is wrong with the package's signature, if the kernel cannot use it. Empty: nothing.
std::string signature_problem(const Package& package) {
  if (package.header_signature.empty()) return "its header is not signed";
  const auto signature = read_pgp_signature(package.header_signature);
  if (!signature) return "its signature is not understood: " + signature.error().to_string();
  return signature->is_supported()
             ? ""
             : fmt::format("it has an {}, and the kernel verifies RSA signatures of version 3 and 4", signature->to_string());
}

Result<std::string> content_of(const Package& package, const GenerateRpm& wish) {
  auto list = rpm_list_of(package);
  const auto parts = split_signature(bytes_of(list));
  if (!parts) return fail_format(subject_of(package), parts.error());
  const auto header = RpmHeader::read(parts->content);
  if (!header) return fail_format(subject_of(package), header.error());
  std::vector<std::uint8_t> compact;
  Conversion how{.type = wish.type};
  // Only programs in directories of that name are taken for parsers by the kernel.
  if (wish.type == parser) how.wanted = [](const RpmFile& each) { return (each.mode & 0111) != 0 && each.directory.ends_with("/diglim/"); };
  if (const auto done = convert(*header, how, compact); !done) return fail_format(subject_of(package), done.error());
  if (compact.empty()) return std::string();
  return wish.compact ? std::string(text_of(compact)) : list;
}

struct PackageList {
  const Package* package = nullptr;
  std::string content;
};
using PackageLists = std::map<std::string, PackageList>;  ///< By the list's name.

/// One list for each package that has files to list. Packages of the same name must have the same list.
Result<PackageLists> lists_of(const std::vector<Package>& packages, const GenerateRpm& wish, std::size_t& without_files) {
  PackageLists lists;
  for (const Package& package : packages) {
    auto content = TRY(content_of(package, wish));
    if (content.empty()) {
      ++without_files;
      continue;
    }
    const auto name = TRY(list_name(wish.number, to_string(wish.type), format_of(wish), subject_of(package)));
    const auto [place, is_new] = lists.try_emplace(name, PackageList{&package, content});
    if (!is_new && place->second.content != content)
      return fail(ErrorKind::bad_input, fmt::format("{}: two packages with different files or signatures are called so ({}, {}), and their lists would be; "
                                                    "name one of them", name, place->second.package->nevra(), package.nevra()));
  }
  return lists;
}

/// What the plugin has begun, it finishes or takes back: until then the database does not say which lists are to be there.
Result<void> expect_no_transaction(const fs::path& directory) {
  if (!has_journal(directory)) return {};
  return fail(ErrorKind::infra, fmt::format("{}: an rpm transaction is at work, or was interrupted; then `diglim-reconcile` settles its lists, and nothing "
                                            "is to be pruned", directory.string()));
}

/// The lists of packages in a directory.
Result<std::vector<fs::path>> lists_in(const fs::path& directory, std::string_view format) {
  std::vector<fs::path> lists;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    const auto parts = read_list_name(name);
    std::error_code gone;
    if (parts && parts->format == format && it->is_regular_file(gone) && it->file_size(gone) > 0) lists.push_back(it->path());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ErrorKind::infra, fmt::format("{}: {}", directory.string(), error.message()));
  return lists;
}

/// Removes those lists that are of no package of the database.
Result<void> prune(const std::vector<fs::path>& lists, const PackageSet& installed, Report& report) {
  std::set<std::string> subjects;
  for (const Package& package : installed.packages()) subjects.insert(subject_of(package));
  for (const auto& place : lists) {
    if (subjects.contains(subject_named(place.filename().string()))) continue;
    std::error_code error;
    if (!fs::remove(place, error) && error) return fail(ErrorKind::infra, fmt::format("{}: cannot be removed: {}", place.string(), error.message()));
    report.text += fmt::format("{}: removed, no such package is installed\n", place.string());
    report.json["removed"].push_back(place.string());
  }
  return {};
}

}  // namespace

Result<Report> generate_rpm(const GenerateRpm& wish, const Context& context) {
  if (wish.type == parser && !wish.compact)
    return fail(ErrorKind::usage, "--type parser goes with --compact: a header of a package says nothing about parsers");
  if (wish.prune && (!wish.packages.empty() || wish.compact))
    return fail(ErrorKind::usage, "--prune is about RPM lists of the whole database");
  const auto directory = output_directory(wish.output, context);
  // Before the database is read: what a transaction brings after that is not among them.
  std::vector<fs::path> before;
  if (wish.prune) {
    TRY_VOID(expect_no_transaction(directory));
    before = TRY(lists_in(directory, format_of(wish)));
  }
  std::optional<PackageSet> installed;
  if (wish.packages.empty() || !std::ranges::all_of(wish.packages, is_package_file)) installed = TRY(installed_packages(context.root));
  const auto packages = TRY(wanted_packages(wish, installed));
  std::size_t written = 0, unchanged = 0, without_files = 0;
  const auto lists = TRY(lists_of(packages, wish, without_files));

  Report report;
  report.json["lists"] = nlohmann::ordered_json::array();
  for (const auto& [name, list] : lists) {
    const auto place = directory / name;
    const Put put = TRY(put_list(place, list.content));
    written += put == Put::written;
    unchanged += put == Put::unchanged;
    nlohmann::ordered_json entry{{"list", place.string()}, {"package", list.package->nevra()}, {"written", put == Put::written}};
    if (put == Put::masked) report.problems += fmt::format("{}: masked, left so\n", place.string());
    if (!wish.compact) {
      if (const auto problem = signature_problem(*list.package); !problem.empty()) {
        report.problems += fmt::format("{}: {}; sign it with `diglim sign --replace`\n", place.string(), problem);
        entry["problem"] = problem;
      }
    }
    report.json["lists"].push_back(std::move(entry));
  }
  report.text += fmt::format("{}: {} lists of {} packages written, {} unchanged{}{}\n", directory.string(), written, packages.size(), unchanged,
                             without_files == 0 ? "" : fmt::format(", {} without files to list", without_files),
                             wish.compact ? "; not signed yet" : "");
  if (wish.prune) {
    TRY_VOID(expect_no_transaction(directory));
    TRY_VOID(prune(before, *installed, report));
  }
  return report;
}

}  // namespace diglim::tool
