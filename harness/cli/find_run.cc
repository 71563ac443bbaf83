// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/find_run.h"

#include <fmt/format.h>

namespace diglab {
namespace {

namespace fs = std::filesystem;

bool is_run(const fs::path& directory) {
  std::error_code error;
  return fs::is_regular_file(directory / "events.jsonl", error);
}

}  // namespace

Result<fs::path> find_run(const fs::path& all, const std::string& name) {
  if (!name.empty()) {
    for (const fs::path& candidate : {fs::path(name), all / name}) {
      if (is_run(candidate)) return candidate;
    }
    return fail(ErrorKind::usage,
                fmt::format("'{}' is no run: neither it nor {} holds an events.jsonl", name, (all / name).string()));
  }
  std::error_code error;
  fs::path last;
  for (const fs::directory_entry& entry : fs::directory_iterator(all, error)) {
    if (is_run(entry.path()) && entry.path().filename() > last.filename()) last = entry.path();
  }
  if (last.empty()) return fail(ErrorKind::usage, fmt::format("there is no run in {}", all.string()));
  return last;
}

}  // namespace diglab
