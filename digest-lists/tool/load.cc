// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "interface/parser_run.h"
#include "os/files.h"
#include "tool/boot_parameters.h"
#include "tool/installed_lists.h"
#include "tool/list.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// A list, and how it went with it.
struct Attempt {
  fs::path file;
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
Attempt attempt(fs::path file) {
  const auto list = List::read(file);
  return {.file = std::move(file), .for_parser = list && list->is_rpm()};
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

}  // namespace

Result<Report> load(const Load& wish, const Context& context) {
  std::error_code error;
  if (!fs::exists(context.kernel.directory(), error))
    return fail(ErrorKind::infra,
                fmt::format("{} is not there: the running kernel has no DIGLIM, or securityfs is not mounted", context.kernel.directory()));
  // Between its deletion by rpm and the removal of its file a list would be loaded that nobody deletes again.
  const DirectoryLock lock(context.root("/usr/lib/diglim"));
  std::vector<Attempt> lists;
  for (const auto& path : wish.lists) {
    if (!fs::exists(path, error)) return fail(ErrorKind::bad_input, fmt::format("{}: no such file", path.string()));
    lists.push_back(attempt(fs::canonical(path, error)));
  }
  if (lists.empty()) {
    const auto boot = BootParameters::parse(diglab::read_file("/proc/cmdline").value_or(""));
    for (const auto& list : TRY(installed_lists(context.root, boot.directories)))
      if (!list.masked) lists.push_back(attempt(list.file));
  }
  load_all(lists, wish, context, lock);
  Report report;
  report.json = nlohmann::ordered_json::array();
  std::size_t done = 0, already = 0;
  for (const auto& list : lists) {
    constexpr const char* words[2][3] = {{"loaded", "is loaded", "refused"}, {"unloaded", "is not loaded", "refused"}};
    const char* word = words[wish.unload ? 1 : 0][static_cast<int>(list.state)];
    if (list.state == Attempt::State::refused) {
      report.problems += fmt::format("{}: {}: {}\n", list.file.string(), word, list.why);
      report.status = exit_status::refused;
    } else {
      ++(list.state == Attempt::State::done ? done : already);
    }
    report.json.push_back({{"list", list.file.string()}, {"state", word}, {"why", list.why}});
  }
  report.text = fmt::format("{} of {} lists {}{}\n", done, lists.size(), wish.unload ? "unloaded" : "loaded",
                            already == 0 ? "" : fmt::format(", {} {} already", already, wish.unload ? "were not loaded" : "were loaded"));
  return report;
}

}  // namespace diglim::tool
