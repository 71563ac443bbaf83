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

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// Read by the kernel from the first root file system there is: CONFIG_IMA_X509_PATH's and CONFIG_EVM_X509_PATH's defaults.
constexpr const char* certificates[] = {"/etc/keys/x509_ima.der", "/etc/keys/x509_evm.der"};

/// The files of a directory tree, by content.
class Tree {
 public:
  static Result<Tree> read(const fs::path& directory) {
    Tree tree{Root(directory)};
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

  /// What of the tree could be executed, and is in none of `lists`.
  [[nodiscard]] std::map<std::string, std::string> executables_outside(const std::vector<List>& lists) const {
    auto strangers = executables_;
    for (const List& list : lists)
      for (const Listed& listed : list.digests())
        if (listed.type == file) strangers.erase(listed.digest);
    std::map<std::string, std::string> named;
    for (const auto& [digest, what] : strangers) named.insert(what);
    return named;
  }

 private:
  explicit Tree(Root root) : root_(std::move(root)) {}

  Result<void> note(const fs::path& place, const struct ::stat& status) {
    const auto digest = TRY(digest_of_file(place, default_algorithm()));
    digests_.insert(digest);
    if (auto kind = kind_of_executable(place, status); !kind.empty()) executables_[digest] = {root_.inside(place), kind};
    return {};
  }

  Root root_;
  std::set<Digest> digests_;
  std::map<Digest, std::pair<std::string, std::string>> executables_;  ///< Path and kind.
};

constexpr auto readable = fs::perms(0644);

/// Adds the lists that the tree needs and does not have yet. Returns whether a parser is needed for them.
Result<bool> add_lists(Tree& tree, std::vector<InstalledList>& installed, const Root& root, std::vector<List>& added, Report& report) {
  bool needs_parser = false;
  std::vector<InstalledList> rest;
  for (auto& entry : installed) {
    auto list = TRY(read_list(entry));
    if (!tree.has_file_of(list)) {
      rest.push_back(std::move(entry));
      continue;
    }
    TRY_VOID(tree.add(entry.path, root, readable));
    report.text += fmt::format("list {}\n", entry.path);
    report.json["lists"].push_back(entry.path);
    needs_parser |= !entry.compact;
    added.push_back(std::move(list));
  }
  installed = std::move(rest);
  return needs_parser;
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
  auto installed = TRY(installed_lists(context.root, boot.directories));
  std::erase_if(installed, [](const auto& list) { return list.masked; });
  std::error_code error;
  const auto directory = fs::canonical(wish.tree, error);
  if (error) return fail(ErrorKind::bad_input, fmt::format("{}: {}", wish.tree.string(), error.message()));
  auto tree = TRY(Tree::read(directory));
  Report report;
  report.json = {{"lists", nlohmann::ordered_json::array()},
                 {"files", nlohmann::ordered_json::array()},
                 {"in_no_list", nlohmann::ordered_json::array()}};
  std::vector<List> added;
  if (TRY(add_lists(tree, installed, context.root, added, report))) {
    TRY_VOID(tree.add(wish.parser, context.root, fs::perms(0755)), "lists in the initramfs need it");
    report.text += fmt::format("parser {}\n", wish.parser);
    report.json["files"].push_back(wish.parser);
    (void)TRY(add_lists(tree, installed, context.root, added, report));
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
