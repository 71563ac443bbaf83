// SPDX-License-Identifier: GPL-2.0-or-later
#include "transaction.h"

#include <fcntl.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmte.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "format/rpm_list.h"
#include "format/signature.h"
#include "half_installed.h"
#include "new_parser.h"

namespace diglim {
namespace {

std::string macro(const char* name, std::string otherwise) {
  char* value = rpmExpand("%{?", name, "}", nullptr);
  std::string text = value != nullptr && *value != '\0' ? std::string(value) : std::move(otherwise);
  std::free(value);
  return text;
}

/// What the parser uploads of a list, with which the kernel tells lists apart; of all files or, as of a marked directory, of the immutable
/// ones alone. Empty: nothing.
std::vector<std::uint8_t> converted(const std::string& path, bool only_immutable) {
  std::vector<std::uint8_t> list;
  const auto content = read_file(path);
  if (!content) return list;
  const auto parts = split_signature(bytes_of(*content));
  if (!parts) return list;
  const auto header = RpmHeader::read(parts->content);
  if (!header || !convert(*header, {.only_immutable = only_immutable}, list)) list.clear();
  return list;
}

bool is_same_file(const std::string& one, const std::string& other) {
  struct stat a {}, b {};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// The inode of the first namespace of processes: PROC_PID_INIT_INO of Linux (include/linux/proc_ns.h), a promise since 3.8.
constexpr ino_t first_pid_namespace = 0xEFFFFFFC;

/// Not so in a changed root (chroot), and in a container: the kernel is another's there, whose lists have the same names. Whoever may not look at
/// process 1 is not the one who made such a root.
bool is_in_root_of_init() {
  struct stat namespace_of_processes {};
  if (::stat("/proc/self/ns/pid", &namespace_of_processes) != 0 || namespace_of_processes.st_ino != first_pid_namespace) return false;
  return is_same_file("/", "/proc/1/root") || (::access("/proc/1/root/.", F_OK) != 0 && errno == EACCES);
}

/// The name that a list had before another took its place.
std::string without_replaced(const std::string& list) { return list.substr(0, list.find(ListDirectory::replaced)); }

}  // namespace

/// A file that is to go out of the kernel, and then away.
struct Transaction::Leaving {
  /// The kernel may have either, or both: the mark of a directory comes and goes while lists are loaded.
  struct Upload {
    bool only_immutable;
    std::vector<std::uint8_t> bytes;
  };
  std::string list;
  ListDirectory::Old old;
  std::vector<Upload> uploads = {};  ///< What the kernel has, or may have, and is to lose.
  bool stays_known = false;  ///< Under this name the kernel has what another list says, too.
};

Settings read_settings(rpmts transaction) {
  Settings settings;
  const char* root = rpmtsRootDir(transaction);
  std::string_view prefix = root == nullptr ? "" : root;
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  settings.root = prefix;
  settings.directory = std::string(prefix) + macro("_diglim_lists", settings.directory);
  settings.administrator = std::string(prefix) + macro("_diglim_administrator", settings.administrator);
  settings.interface = macro("_diglim_interface", settings.interface);
  settings.parser = macro("_diglim_parser", settings.parser);
  settings.database = macro("_dbpath", "");
  const std::string kernel = macro("_diglim_kernel", "auto");
  settings.uses_kernel = kernel == "always" || (kernel != "never" && prefix.empty() && is_in_root_of_init() && LoadedLists::read(settings.interface));
  return settings;
}

Transaction::Transaction(Settings settings, std::function<void(const std::string&)> complain)
    : settings_(std::move(settings)), complain_(std::move(complain)), directory_(settings_.directory),
      native_(settings_.directory, settings_.administrator, settings_.interface) {}

Transaction::Locked::Locked(Transaction& transaction) : transaction_(transaction), is_first_(!transaction.lock_) {
  if (!is_first_) return;
  const auto& complain = transaction_.complain_;
  (void)transaction_.complain(transaction_.directory_.take(transaction_.lock_, [&] { complain("somebody else is loading or deleting lists; waiting for that"); }));
}

Transaction::Locked::~Locked() {
  if (is_first_) transaction_.lock_.release();
}

bool Transaction::is_of_another_database() {
  const std::string its = directory_.database();
  // That it moved is not another one.
  if (its.empty() || its == settings_.database || ::access((settings_.root + its).c_str(), F_OK) != 0) return false;
  if (is_same_file(settings_.root + its, settings_.root + settings_.database)) return false;
  complain_("the lists in " + settings_.directory + " are of the packages of " + its + ", not of those of " + settings_.database + ", which get none");
  return true;
}

bool Transaction::prepare(rpmts transaction) {
  const Locked locked(*this);
  if (!locked) return false;
  if (was_interrupted()) {
    complain_("an earlier transaction was interrupted; its digest lists are being settled");
    (void)recover(transaction);
    recovered_ = !was_interrupted();
  }
  if (!complain(keep_database()) || !complain(write_journal(transaction))) return false;

  auto changes = read_changes(transaction, [&](const PackageList& list) {
    if (auto known = check_parser(list); !known) return known;
    return directory_.has(list.name, list.content) ? Outcome{} : directory_.stage(list.name, list.content);
  });
  Outcome outcome;
  if (!changes) outcome = std::unexpected(changes.error());
  else changes_ = std::move(*changes);
  // Two packages of one name, version, release and architecture would need one name for two lists.
  if (const auto twice = outcome ? find_name_twice(transaction, changes_) : std::nullopt)
    outcome = std::unexpected(*twice + ": another package has this name, version, release and architecture, and is to stay installed");
  if (outcome && settings_.uses_kernel) outcome = native_.keep();
  std::vector<std::string> added;
  for (const auto& change : changes_)
    if (change.kind == Change::added) added.push_back(change.list);
  if (complain(outcome) && publish_and_load(added)) return true;
  complain_("nothing was changed");
  (void)settle(transaction);
  return false;
}

Outcome Transaction::check_parser(const PackageList& list) const {
  // In another root, which the kernel does not use, it is not the parser that runs.
  if (!settings_.uses_kernel || !settings_.parser.starts_with(settings_.root + "/")) return {};
  const auto as_packaged = [&](const std::string& path) { return path.substr(settings_.root.size()); };
  return check_new_parser(list, {.path = as_packaged(settings_.parser), .lists = as_packaged(settings_.directory), .interface = settings_.interface});
}

Outcome Transaction::keep_database() {
  return directory_.database() == settings_.database ? Outcome{} : directory_.write_database(settings_.database);
}

/// One line for each package: "+" or "-", and the name of its list. The lines of additions that are not settled stay.
Outcome Transaction::write_journal(rpmts transaction) {
  std::string text;
  for (const auto& list : added_) text += "+" + list + "\n";
  const std::unique_ptr<rpmtsi_s, decltype(&rpmtsiFree)> elements(rpmtsiInit(transaction), rpmtsiFree);
  while (rpmte element = rpmtsiNext(elements.get(), TR_ADDED | TR_REMOVED)) {
    const bool is_added = rpmteType(element) == TR_ADDED;
    text += (is_added ? "+" : "-") + list_name(element) + "\n";
    if (is_added) added_.insert(list_name(element));
  }
  return directory_.write_journal(text);
}

bool Transaction::settle(rpmts transaction) {
  const Locked locked(*this);
  if (!locked) return false;
  if (!recovered_) return recover(transaction);
  if (!complain(directory_.discard_staged())) return false;
  std::set<std::string> names;
  for (const auto& change : changes_) names.insert(change.list);
  auto missing = names;
  std::vector<std::string> restored;
  Outcome outcome;
  for_each_installed_of(transaction, names, [&](const PackageList& list) {
    if (missing.erase(list.name) == 0 || !outcome || directory_.has(list.name, list.content)) return;
    outcome = directory_.stage(list.name, list.content);
    restored.push_back(list.name);
  });
  if (!complain(outcome)) return false;
  std::vector<std::string> unwanted(missing.begin(), missing.end());
  const bool loaded = publish_and_load(restored);
  auto lists = directory_.lists();
  if (!complain(lists)) return false;
  for (auto& list : *lists)
    if (const auto name = without_replaced(list); name != list && names.contains(name)) unwanted.push_back(std::move(list));
  const bool native = !settings_.uses_kernel || native_.settle(complain_);
  return drop(unwanted) && loaded && native && complain(directory_.close_journal());
}

void Transaction::file_in_place(const std::string& path) {
  if (settings_.uses_kernel && settings_.root.empty()) (void)complain(native_.load_early(path));
}

bool Transaction::recover(rpmts transaction) {
  if (is_of_another_database()) return false;
  const Locked locked(*this);
  if (!locked) return false;
  std::istringstream journal(directory_.journal());
  for (std::string line; std::getline(journal, line);)
    if (line.starts_with('+')) added_.insert(line.substr(1));
  if (!complain(directory_.discard_staged())) return false;
  std::set<std::string> wanted;
  Outcome outcome;
  const auto all = for_each_installed(
      transaction,
      [&](PackageList&& list) {
        if (!wanted.insert(list.name).second) return complain_(list.name + ": two packages of this name are installed; only the files of one are known");
        if (outcome && !directory_.has(list.name, list.content)) outcome = directory_.stage(list.name, list.content);
      },
      complain_);
  if (!all || wanted.empty()) {
    complain_((all ? "the database of rpm has no packages, or cannot be read" : all.error()) + "; no digest list was changed");
    return false;
  }
  if (!complain(outcome) || !complain(keep_database())) return false;
  const bool loaded = publish_and_load({wanted.begin(), wanted.end()});
  auto unwanted = directory_.lists();
  if (!complain(unwanted)) return false;
  std::erase_if(*unwanted, [&](const std::string& list) { return wanted.contains(list); });
  const bool native = !settings_.uses_kernel || native_.settle(complain_);
  if (!drop(*std::move(unwanted)) || !native || !complain(directory_.close_journal())) return false;
  added_.clear();
  return loaded;
}

bool Transaction::publish_and_load(const std::vector<std::string>& lists) {
  if (!complain(directory_.publish())) return false;
  std::vector<std::string> paths;
  for (const auto& list : lists) {
    if (!is_masked(list)) {
      paths.push_back(directory_.path_of(list));
    } else if (const auto theirs = read_file(settings_.administrator + "/" + list); theirs && !theirs->empty() && !directory_.has(list, *theirs)) {
      complain_(list + ": another list of this name in " + settings_.administrator + " counts instead; files of the package may be denied");
    }
  }
  if (!settings_.uses_kernel) return true;
  return run(ParserOperation::add, paths);
}

bool Transaction::run(ParserOperation operation, const std::vector<std::string>& paths) {
  if (paths.empty()) return true;
  auto result = run_parser(settings_.parser, operation, paths, lock_);
  // The parser says so too if it could not open what is there.
  const bool nobody_to_tell = result.status == ParserResult::no_kernel || result.status == ParserResult::no_program;
  if (nobody_to_tell && !LoadedLists::read(settings_.interface)) {
    settings_.uses_kernel = false;
    return true;
  }
  for (std::string_view left = result.messages; !left.empty();) {
    const auto end = std::min(left.find('\n'), left.size());
    if (end > 0) complain_(std::string(left.substr(0, end)));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return result.status == ParserResult::done;
}

/// Takes those that must not go from `unwanted`, and returns them. `lists` are all of the directory.
std::set<std::string> Transaction::half_installed(const std::vector<std::string>& lists, std::vector<std::string>& unwanted) {
  std::optional<std::set<std::string>> digests;
  const bool marked = directory_.is_marked();
  const auto known = [&]() -> const std::set<std::string>& {
    if (digests) return *digests;
    digests.emplace();
    for (const auto& list : lists) {
      if (std::ranges::find(unwanted, list) != unwanted.end()) continue;
      const auto bytes = converted(directory_.path_of(list), marked);
      CompactReader blocks(bytes);
      for (auto block = blocks.next(); block && *block; block = blocks.next())
        for (std::size_t i = 0; i < (*block)->count; ++i) digests->emplace(text_of((*block)->digest(i)));
    }
    return *digests;
  };
  std::set<std::string> kept;
  for (const auto& list : unwanted) {
    if (!added_.contains(without_replaced(list)) || !directory_.has(list)) continue;
    if (!is_half_installed(directory_.path_of(list), settings_.root, marked, known)) continue;
    complain_(list + ": the package is not installed, but files of it are in place; they stay known until it is installed or they are gone");
    kept.insert(list);
  }
  std::erase_if(unwanted, [&](const std::string& list) { return kept.contains(list); });
  return kept;
}

bool Transaction::drop(std::vector<std::string> unwanted) {
  // Without these nobody knows what must stay.
  auto lists = directory_.lists();
  const auto old_lists = directory_.old_lists();
  const auto administrators = names_in(settings_.administrator);
  if (!complain(lists) || !complain(old_lists) || !complain(administrators)) return false;
  const auto kept = half_installed(*lists, unwanted);
  std::erase_if(*lists, [&](const std::string& list) { return std::ranges::find(unwanted, list) != unwanted.end(); });
  bool done = kept.empty();
  std::set<std::string> staying(lists->begin(), lists->end());  // Names under which the kernel may go on having something.
  staying.insert(administrators->begin(), administrators->end());
  std::vector<Leaving> leaving;
  for (const auto& old : *old_lists) {
    if (kept.contains(old.list + std::string(ListDirectory::replaced) + old.number)) staying.insert(old.list);
    else leaving.push_back({.list = old.list, .old = old});
  }
  std::erase_if(unwanted, [&](const std::string& list) { return !directory_.has(list); });
  if (leaving.empty() && unwanted.empty()) return done;

  // The files of packages are on disk before what they replaced becomes unknown, or a power cut could bring the old ones back.
  ::sync();
  for (const auto& list : unwanted) {
    if (!settings_.uses_kernel) {
      done &= complain(directory_.remove(list));
      continue;
    }
    // Whoever loads what is in the directory is not to load it again behind our back.
    auto old = directory_.move_to_old(list);
    if (!complain(old)) {
      staying.insert(list);
      done = false;
      continue;
    }
    leaving.push_back({.list = list, .old = *std::move(old)});
  }
  if (settings_.uses_kernel) {
    const auto loaded = LoadedLists::read(settings_.interface);
    for (auto& one : leaving) find_uploads(one, loaded);
    find_twins(loaded, *lists, *administrators, leaving);
    for (const auto& one : leaving)
      if (one.stays_known) staying.insert(one.list);
    done &= unload(leaving, staying);
  }
  for (const auto& one : leaving)
    if (!one.stays_known && one.uploads.empty()) done &= complain(directory_.remove_old(one.old));
  return done;
}

void Transaction::find_uploads(Leaving& one, const std::optional<LoadedLists>& loaded) const {
  if (loaded && !loaded->has(one.list)) return;
  const bool marked = directory_.is_marked();
  for (const bool only_immutable : {marked, !marked})
    if (auto bytes = converted(one.old.path, only_immutable); !bytes.empty() && (one.uploads.empty() || one.uploads[0].bytes != bytes))
      one.uploads.push_back({only_immutable, std::move(bytes)});
  // If the kernel has neither, another release of the parser converted it otherwise, and is to try both.
  const auto is_loaded = [&](const Leaving::Upload& upload) { return !loaded || loaded->has(one.list, upload.bytes); };
  if (std::ranges::any_of(one.uploads, is_loaded)) std::erase_if(one.uploads, std::not_fn(is_loaded));
}

/// The kernel has one list of the same digests only once, under the name that came first. As long as a package that stays has them,
/// that name must not be deleted there.
void Transaction::find_twins(const std::optional<LoadedLists>& loaded, const std::vector<std::string>& lists,
                             const std::vector<std::string>& administrators, std::vector<Leaving>& leaving) const {
  // What is loaded under its own name came first itself, if it is not another list of that name: most lists need not be read.
  const auto may_have_one = [&](const std::string& list) {
    return !loaded || !loaded->has(list) || std::ranges::any_of(leaving, [&](const Leaving& one) { return one.list == list; });
  };
  const auto compare = [&](const std::string& name, const std::string& path) {
    const auto all = converted(path, false), fixed = converted(path, true);
    for (auto& one : leaving) {
      const auto taken = std::erase_if(one.uploads, [&](const auto& upload) { return upload.bytes == all || upload.bytes == fixed; });
      one.stays_known |= taken > 0 && one.list != name;
    }
  };
  for (const auto& list : lists)
    if (may_have_one(list)) compare(list, directory_.path_of(list));
  for (const auto& list : administrators) compare(list, settings_.administrator + "/" + list);
}

/// Deletes the uploads from the kernel; those that it still has stay in `leaving`. False: there are such.
bool Transaction::unload(std::vector<Leaving>& leaving, const std::set<std::string>& staying) {
  std::map<ParserOperation, std::vector<std::string>> paths;
  for (const auto& one : leaving)
    for (const auto& upload : one.uploads)
      paths[upload.only_immutable ? ParserOperation::del_only_immutable : ParserOperation::del].push_back(one.old.path);
  if (paths.empty()) return true;
  bool deleted = true;
  for (const auto& [operation, some] : paths) deleted &= run(operation, some);
  const auto loaded = LoadedLists::read(settings_.interface);
  for (auto& one : leaving) {
    const auto is_gone = [&](const Leaving::Upload& upload) {
      if (!loaded) return deleted;
      return !loaded->has(one.list, upload.bytes) && (staying.contains(one.list) || !loaded->has(one.list));
    };
    std::erase_if(one.uploads, is_gone);
    if (deleted && !one.uploads.empty()) complain_(one.list + ": the kernel still has a list of this name; the parser did not delete it");
  }
  return deleted && std::ranges::all_of(leaving, [](const Leaving& one) { return one.uploads.empty(); });
}

/// The administrator's list of the same name counts instead.
bool Transaction::is_masked(const std::string& list) const {
  return ::faccessat(AT_FDCWD, (settings_.administrator + "/" + list).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace diglim
