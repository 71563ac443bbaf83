// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/initramfs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "os/files.h"
#include "tool/boot_parameters.h"
#include "tool/executable.h"
#include "tool/installed_lists.h"
#include "tool/list.h"
#include "tool/uploader.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// Read by the kernel from the first root file system there is: CONFIG_IMA_X509_PATH's and CONFIG_EVM_X509_PATH's defaults.
constexpr const char* certificates[] = {"/etc/keys/x509_ima.der", "/etc/keys/x509_evm.der"};

using Algorithms = std::set<const Algorithm*>;

/// The files of a directory tree, by content.
class Tree {
 public:
  /// `algorithms`: of the digests that will be looked for.
  static Result<Tree> read(const fs::path& directory, Algorithms algorithms) {
    Tree tree{Root(directory), std::move(algorithms)};
    std::error_code error;
    for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
      struct ::stat status {};
      if (::lstat(it->path().c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) TRY_VOID(tree.note(it->path(), status));
    }
    if (error) return fail(ErrorKind::bad_input, fmt::format("{}: cannot be listed: {}", directory.string(), error.message()));
    return tree;
  }

  /// Takes a file of the installed system along, to the same path.
  Result<void> add(const std::string& path, const Root& from, fs::perms permissions) {
    const auto place = root_(path);
    TRY_VOID(diglab::write_file(place, TRY(diglab::read_file(from(path)))));
    std::error_code error;
    fs::permissions(place, permissions, error);
    if (error) return fail(ErrorKind::infra, fmt::format("{}: {}", place.string(), error.message()));
    struct ::stat status {};
    if (::lstat(place.c_str(), &status) != 0) return fail(ErrorKind::infra, fmt::format("{}: gone", place.string()));
    return note(place, status);
  }

  [[nodiscard]] bool has_file_of(const List& list) const {
    return std::ranges::any_of(list.digests(), [&](const Listed& listed) { return digests_.contains(listed.digest); });
  }

  [[nodiscard]] std::vector<Digest> digests_of_executable(const std::string& path) const {
    const auto found = executables_.find(root_.inside(root_(path)));
    return found == executables_.end() ? std::vector<Digest>() : found->second.digests;
  }

  /// What of the tree could be executed, and is in none of `lists`: kinds by path.
  [[nodiscard]] std::map<std::string, std::string> executables_outside(const std::vector<List>& lists) const {
    std::set<Digest> listed;
    for (const List& list : lists)
      for (const Listed& each : list.digests())
        if (each.type == file) listed.insert(each.digest);
    std::map<std::string, std::string> named;
    for (const auto& [path, executable] : executables_)
      if (std::ranges::none_of(executable.digests, [&](const Digest& digest) { return listed.contains(digest); })) named[path] = executable.kind;
    return named;
  }

 private:
  struct Executable {
    std::string kind;
    std::vector<Digest> digests;  ///< One by each algorithm.
  };

  Tree(Root root, Algorithms algorithms) : root_(std::move(root)), algorithms_(std::move(algorithms)) {}

  Result<void> note(const fs::path& place, const struct ::stat& status) {
    Executable noted{.kind = kind_of_executable(place, status), .digests = {}};
    for (const Algorithm* each : algorithms_) noted.digests.push_back(TRY(digest_of_file(place, *each)));
    digests_.insert(noted.digests.begin(), noted.digests.end());
    if (!noted.kind.empty()) executables_[root_.inside(place)] = std::move(noted);
    return {};
  }

  Root root_;
  Algorithms algorithms_;
  std::set<Digest> digests_;
  std::map<std::string, Executable> executables_;  ///< By path.
};

constexpr auto readable = fs::perms(0644);

/// An installed list and what is in it.
struct Candidate {
  InstalledList installed;
  List list;
};

Result<std::vector<Candidate>> candidates_of(const Root& root, const std::vector<std::string>& directories) {
  std::vector<Candidate> candidates;
  for (auto& each : TRY(installed_lists(root, directories))) {
    if (each.masked) continue;
    auto list = TRY(read_list(each));
    candidates.push_back({.installed = std::move(each), .list = std::move(list)});
  }
  return candidates;
}

/// With which the lists' digests can be looked for. Those that cannot be calculated here are named.
Algorithms algorithms_of(const std::vector<Candidate>& candidates, Report& report) {
  Algorithms algorithms;
  for (const auto& each : candidates)
    for (const Listed& listed : each.list.digests()) algorithms.insert(listed.digest.algorithm);
  std::erase_if(algorithms, [&](const Algorithm* each) {
    const auto tried = digest_of("", *each);
    if (tried) return false;
    report.problems += fmt::format("{}; lists of them are left out\n", tried.error().to_string());
    report.status = exit_status::no;
    return true;
  });
  return algorithms;
}

/// Adds the lists that the tree needs and does not have yet. Returns whether a parser is needed for them.
Result<bool> add_lists(Tree& tree, std::vector<Candidate>& candidates, const Root& root, std::vector<List>& added, Report& report) {
  bool needs_parser = false;
  std::vector<Candidate> rest;
  for (auto& each : candidates) {
    if (!tree.has_file_of(each.list)) {
      rest.push_back(std::move(each));
      continue;
    }
    const auto& path = each.installed.path;
    TRY_VOID(tree.add(path, root, readable));
    report.text += fmt::format("list {}\n", path);
    report.json["lists"].push_back(path);
    needs_parser |= !each.installed.compact;
    added.push_back(std::move(each.list));
  }
  candidates = std::move(rest);
  return needs_parser;
}

/// The kernel does not start a parser that only lists of packages know, and heeds none that is no parser to it.
void note_unknown_parser(const Tree& tree, const std::string& path, const std::vector<List>& added, Report& report) {
  const auto lacking = uploader_lacks(tree.digests_of_executable(path), added);
  if (lacking.empty()) return;
  report.problems += fmt::format("{}: as {} in no list of the kernel's own format\n", path, to_string(lacking));
  report.json["parser_unknown_as"] = nlohmann::ordered_json::array();
  for (const Type each : lacking) report.json["parser_unknown_as"].push_back(to_string(each));
  report.status = exit_status::no;
}

Result<void> add_if_there(Tree& tree, const std::string& path, const Root& root, Report& report) {
  std::error_code ignored;
  if (!fs::exists(root(path), ignored)) return {};
  report.text += fmt::format("file {}\n", path);
  report.json["files"].push_back(path);
  return tree.add(path, root, readable);
}

}  // namespace

Result<Report> initramfs(const Initramfs& wish, const Context& context) {
  const BootParameters boot;
  auto candidates = TRY(candidates_of(context.root, boot.directories));
  std::error_code error;
  const auto directory = fs::canonical(wish.tree, error);
  if (error) return fail(ErrorKind::bad_input, fmt::format("{}: {}", wish.tree.string(), error.message()));
  Report report;
  report.json = {{"lists", nlohmann::ordered_json::array()},
                 {"files", nlohmann::ordered_json::array()},
                 {"in_no_list", nlohmann::ordered_json::array()}};
  auto tree = TRY(Tree::read(directory, algorithms_of(candidates, report)));
  std::vector<List> added;
  if (TRY(add_lists(tree, candidates, context.root, added, report))) {
    TRY_VOID(tree.add(wish.parser, context.root, fs::perms(0755)), "lists in the initramfs need it");
    report.text += fmt::format("parser {}\n", wish.parser);
    report.json["files"].push_back(wish.parser);
    (void)TRY(add_lists(tree, candidates, context.root, added, report));
    note_unknown_parser(tree, wish.parser, added, report);
  }
  for (const char* path : certificates) TRY_VOID(add_if_there(tree, path, context.root, report));
  for (const auto& each : boot.directories) TRY_VOID(add_if_there(tree, each + "/" + only_immutable_mark, context.root, report));
  for (const auto& [path, kind] : tree.executables_outside(added)) {
    report.problems += fmt::format("{}: {} in no list\n", path, kind);
    report.json["in_no_list"].push_back(path);
    report.status = exit_status::no;
  }
  return report;
}

}  // namespace diglim::tool
