// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "interface/parser_run.h"
#include "os/files.h"
#include "tool/boot_parameters.h"
#include "tool/count_of.h"
#include "tool/early_lists.h"
#include "tool/installed_lists.h"
#include "tool/list.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// A list, and how it went with it.
struct Attempt {
  fs::path given;           ///< As it is called in the report.
  fs::path file;            ///< The same or a link to it, with the name that the kernel is to know it by.
  bool for_parser = false;  ///< Not in the kernel's own format.
  enum class State { done, already, refused } state = State::done;
  std::string why = {};
};

/// What an errno of the kernel means, and what to do about it.
std::string explain(int error, bool unload, const fs::path& file) {
  switch (error) {
    case EACCES:
      return "the IMA policy demands a signature that this list does not have, or one by a key that the kernel trusts; see `diglim verify`";
    case EPERM:
      return unload ? "it was measured or appraised when it was loaded, and this deletion is not: delete it as it was added"
                    : "needs CAP_MAC_ADMIN or CAP_SYS_ADMIN in the initial user namespace";
    case EINVAL: {
      const auto list = List::read(file);
      return list ? "the kernel found something wrong with it" : list.error().to_string();
    }
    case ETXTBSY:
      return "somebody has it open for writing";
    case EBUSY:
      return "others were adding lists for too long; try again";
    default:
      return std::strerror(error);
  }
}

/// Its bytes decide, and not its name: that may be anything for a list that is loaded by hand. What cannot be read is the kernel's to
/// refuse.
Attempt attempt(fs::path given, fs::path file) {
  const auto list = List::read(file);
  return {.given = std::move(given), .file = std::move(file), .for_parser = list && list->is_rpm()};
}

void load_compact(Attempt& list, const Load& wish, const Context& context) {
  const auto path = list.file.string() + "\n";
  const int error = wish.unload ? context.kernel.remove(path) : context.kernel.add(path);
  if (error == 0) return;
  if (error == (wish.unload ? ENOENT : EEXIST)) {
    list.state = Attempt::State::already;
  } else {
    list.state = Attempt::State::refused;
    list.why = explain(error, wish.unload, list.file);
  }
}

void load_with_parser(std::span<Attempt> lists, const Load& wish, const DirectoryLock& lock) {
  std::vector<std::string> paths;
  for (const auto& list : lists) paths.push_back(list.file.string());
  auto result = run_parser(wish.parser.string(), wish.unload ? ParserOperation::del : ParserOperation::add, paths, lock);
  if (result.status == ParserResult::done) return;
  if (result.status == ParserResult::refused && lists.size() > 1) {
    // Which of them, and why: halves tell, in few runs if few were refused. What is as wished already stays so.
    load_with_parser(lists.first(lists.size() / 2), wish, lock);
    load_with_parser(lists.subspan(lists.size() / 2), wish, lock);
    return;
  }
  if (result.messages.ends_with('\n')) result.messages.pop_back();
  for (auto& list : lists) {
    list.state = Attempt::State::refused;
    list.why = result.messages;
  }
}

/// In their order. Those in one directory that follow one another are for one run of the parser, as at boot: its start takes longer than
/// a list, and the lists of another directory may lack what counts for these.
void load_all(std::span<Attempt> lists, const Load& wish, const Context& context, const DirectoryLock& lock) {
  for (auto first = lists.begin(); first != lists.end();) {
    const auto end = std::find_if(first + 1, lists.end(), [&](const Attempt& next) {
      return !first->for_parser || !next.for_parser || next.file.parent_path() != first->file.parent_path();
    });
    if (first->for_parser)
      load_with_parser({first, end}, wish, lock);
    else
      load_compact(*first, wish, context);
    first = end;
  }
}

/// Names for lists whose own are links that lead, inside their root, to files of other names.
class Names {
 public:
  /// A path with the list's name, for as long as this lives.
  Result<fs::path> of(const InstalledList& list) {
    if (list.file.filename() == list.name) return list.file;
    if (!directory_) directory_ = TRY(diglab::TempDir::make({}, "diglim-names"));
    // The parser goes by the mark of the directory that it finds a list in.
    const auto place = directory_->path() / (list.only_immutable ? "marked" : "all");
    TRY_VOID(diglab::make_directories(place));
    if (list.only_immutable) TRY_VOID(diglab::write_file(place / only_immutable_mark, ""));
    std::error_code error;
    fs::create_symlink(fs::absolute(list.file), place / list.name, error);
    if (error) return fail(ErrorKind::infra, fmt::format("{}: {}", (place / list.name).string(), error.message()));
    return place / list.name;
  }

 private:
  std::optional<diglab::TempDir> directory_;
};

/// Those that were named, each by the name that it was given: of a link, that is what a boot would take.
Result<std::vector<Attempt>> named_lists(const std::vector<fs::path>& paths) {
  std::vector<Attempt> lists;
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error)) return fail(ErrorKind::bad_input, fmt::format("{}: no such file", path.string()));
    const auto directory = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
    if (error) return fail(ErrorKind::infra, fmt::format("{}: {}", path.string(), error.message()));
    lists.push_back(attempt(directory / path.filename(), directory / path.filename()));
  }
  return lists;
}

/// The present root file system is an initramfs, and another one is going to take its place.
Result<void> keep_early(const Load& wish, const BootParameters& boot, const Context& context, Report& report) {
  const auto outdated = TRY(outdated_lists(wish.initramfs, context.root, boot.directories));
  TRY_VOID(keep_lists(outdated, wish.early));
  if (!outdated.empty())
    report.problems += fmt::format("this initramfs has {} that the system has not any more; make it anew\n", count_of(outdated.size(), "list"));
  return {};
}

/// What was refused is for another try.
Result<void> forget_early(const fs::path& early, const Report& report) {
  return report.status == exit_status::yes ? diglab::remove_tree(early) : Result<void>();
}

}  // namespace

Result<Report> load(const Load& wish, const Context& context) {
  if (wish.unload && wish.lists.empty() && wish.early.empty()) return fail(ErrorKind::usage, "unload: which lists?");
  std::error_code error;
  if (!fs::exists(context.kernel.directory(), error))
    return fail(ErrorKind::infra,
                fmt::format("{} is not there: the running kernel has no DIGLIM, or securityfs is not mounted", context.kernel.directory()));
  // Between its deletion by rpm and the removal of its file a list would be loaded that nobody deletes again.
  const DirectoryLock lock(context.root("/usr/lib/diglim"));
  const auto boot = BootParameters::parse(diglab::read_file("/proc/cmdline").value_or(""));
  auto lists = TRY(named_lists(wish.lists));
  Names names;
  if (lists.empty()) {
    const auto found =
        wish.unload ? TRY(outdated_lists(Root(wish.early), context.root, boot.directories)) : TRY(installed_lists(context.root, boot.directories));
    for (const auto& list : found) {
      if (list.masked) continue;
      auto file = TRY(names.of(list));
      lists.push_back(attempt(list.file, std::move(file)));
    }
  }
  load_all(lists, wish, context, lock);
  Report report;
  report.json = nlohmann::ordered_json::array();
  std::size_t done = 0, already = 0;
  for (const auto& list : lists) {
    constexpr const char* words[2][3] = {{"loaded", "is loaded", "refused"}, {"unloaded", "is not loaded", "refused"}};
    const char* word = words[wish.unload ? 1 : 0][static_cast<int>(list.state)];
    if (list.state == Attempt::State::refused) {
      report.problems += fmt::format("{}: {}: {}\n", list.given.string(), word, list.why);
      report.status = exit_status::refused;
    } else {
      ++(list.state == Attempt::State::done ? done : already);
    }
    report.json.push_back({{"list", list.given.string()}, {"state", word}, {"why", list.why}});
  }
  report.text = fmt::format("{} of {} lists {}{}\n", done, lists.size(), wish.unload ? "unloaded" : "loaded",
                            already == 0 ? "" : fmt::format(", {} {} already", already, wish.unload ? "were not loaded" : "were loaded"));
  if (!wish.early.empty()) TRY_VOID(wish.unload ? forget_early(wish.early, report) : keep_early(wish, boot, context, report));
  return report;
}

}  // namespace diglim::tool
