// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/load.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "os/files.h"
#include "tool/boot_parameters.h"
#include "tool/installed_lists.h"
#include "tool/list.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// How it went with one list.
struct Outcome {
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

Outcome load_compact(const fs::path& file, const Load& wish, const Context& context) {
  const auto path = file.string() + "\n";
  const int error = wish.unload ? context.kernel.remove(path) : context.kernel.add(path);
  if (error == 0) return {};
  if (error == (wish.unload ? ENOENT : EEXIST)) return {.state = Outcome::State::already};
  return {.state = Outcome::State::refused, .why = explain(error, wish.unload, file)};
}

Outcome load_foreign(const fs::path& file, const Load& wish, const Context& context) {
  const auto outcome = context.processes.run({wish.parser.string(), wish.unload ? "del" : "add", file.string()}, {});
  if (!outcome) return {.state = Outcome::State::refused, .why = outcome.error().to_string()};
  if (outcome->end.succeeded()) return {};
  return {.state = Outcome::State::refused,
          .why = fmt::format("{}: {}", wish.parser.string(), outcome->err.empty() ? outcome->end.to_string() : outcome->err)};
}

Outcome load_one(const fs::path& file, const Load& wish, const Context& context) {
  // Its bytes decide, and not its name: that may be anything for a list that is loaded by hand. What cannot be read is the kernel's to
  // refuse.
  const auto list = List::read(file);
  return list && list->is_rpm() ? load_foreign(file, wish, context) : load_compact(file, wish, context);
}

}  // namespace

Result<Report> load(const Load& wish, const Context& context) {
  std::error_code error;
  if (!fs::exists(context.kernel.directory(), error))
    return fail(ErrorKind::infra,
                fmt::format("{} is not there: the running kernel has no DIGLIM, or securityfs is not mounted", context.kernel.directory()));
  std::vector<fs::path> files;
  for (const auto& path : wish.lists) {
    if (!fs::exists(path, error)) return fail(ErrorKind::bad_input, fmt::format("{}: no such file", path.string()));
    files.push_back(fs::canonical(path, error));
  }
  if (files.empty()) {
    const auto boot = BootParameters::parse(diglab::read_file("/proc/cmdline").value_or(""));
    for (const auto& list : TRY(installed_lists(context.root, boot.directories)))
      if (!list.masked) files.push_back(list.file);
  }
  Report report;
  report.json = nlohmann::ordered_json::array();
  std::size_t done = 0, already = 0;
  for (const auto& file : files) {
    const auto outcome = load_one(file, wish, context);
    constexpr const char* words[2][3] = {{"loaded", "is loaded", "refused"}, {"unloaded", "is not loaded", "refused"}};
    const char* word = words[wish.unload ? 1 : 0][static_cast<int>(outcome.state)];
    if (outcome.state == Outcome::State::refused) {
      report.problems += fmt::format("{}: {}: {}\n", file.string(), word, outcome.why);
      report.status = exit_status::refused;
    } else {
      ++(outcome.state == Outcome::State::done ? done : already);
    }
    report.json.push_back({{"list", file.string()}, {"state", word}, {"why", outcome.why}});
  }
  report.text = fmt::format("{} of {} lists {}{}\n", done, files.size(), wish.unload ? "unloaded" : "loaded",
                            already == 0 ? "" : fmt::format(", {} {} already", already, wish.unload ? "were not loaded" : "were loaded"));
  return report;
}

}  // namespace diglim::tool
