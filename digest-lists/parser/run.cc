// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/run.h"

#include <string>

namespace diglim {

Status run(const Arguments& arguments, Repository& repository, Log& log) {
  const Finding found = find_lists(arguments.paths, log);
  const LoadCounts counts = load_lists(found.lists, arguments.options, repository, log);
  const unsigned bad = found.refused + counts.refused;
  log.notice(std::to_string(counts.done) + " lists converted" + (bad == 0 ? "" : ", " + std::to_string(bad) + " refused"));
  return bad == 0 ? Status::done : Status::refused;
}

}  // namespace diglim
