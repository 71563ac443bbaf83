// SPDX-License-Identifier: GPL-2.0-or-later
//
// diglab-probe: uses files while packages are on the move, and says what was allowed. See rpm-plugin/README.md.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "probe/held.h"
#include "probe/stepped_run.h"
#include "probe/trace.h"
#include "probe/watch.h"

namespace {

using namespace diglim;
using Words = std::vector<std::string>;

constexpr const char* usage =
    "Usage: diglab-probe record [--never PATH]... PATH... -- COMMAND...   uses the files without pause, on all CPUs\n"
    "       diglab-probe walk [--never PATH]... PATH... -- COMMAND...     uses them once at each point of the command\n"
    "       diglab-probe points -- COMMAND...                             the points, one a line\n"
    "       diglab-probe kill POINT|@CALL -- COMMAND...                   SIGKILL after it, or before that of the calls that change something\n"
    "       diglab-probe hold NAME POINT -- COMMAND...                    stops it there, in the background\n"
    "       diglab-probe keep NAME PATH                                   opens a file, in the background\n"
    "       diglab-probe ask NAME WORD...                                 go [POINT]; fexecve, map, end\n"
    "DIGLAB_PROBE_POINT: the one point to which walk keeps.\n"
    "Exit status: 0 as it should be, 1 not, 2 bad use, 3 the command failed or nothing can be said.\n";

int bad_use() {
  std::fputs(usage, stderr);
  return 2;
}

/// What stands before "--", and after it.
bool split(const Words& words, Words& before, Words& after) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "--") continue;
    before.assign(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i));
    after.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
    return !after.empty();
  }
  return false;
}

bool read_watched(const Words& words, Watched& watched) {
  Words paths;
  if (!split(words, paths, watched.command)) return false;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i] != "--never") watched.paths.push_back(paths[i]);
    else if (++i < paths.size()) watched.never.push_back(paths[i]);
    else return false;
  }
  return !watched.paths.empty() || !watched.never.empty();
}

int print_points(const Words& command) {
  Points points;
  const auto result = run_stepped(command, {.before = {}, .after = [&](const Call& call) {
    if (Points::is_one(call)) std::printf("%s\n", points.add(call).to_string().c_str());
  }, .follow = false});
  std::fputs(result.output.c_str(), stderr);
  return result.status == 0 ? 0 : 3;
}

/// Killed or not: what has happened is said.
int kill_at(const std::string& where, const Words& command) {
  const bool by_call = where.starts_with('@');
  const auto wanted = by_call ? std::strtoul(where.c_str() + 1, nullptr, 10) : 0;
  bool killed = false;
  Points points;
  const auto result = run_stepped(command, {.before = [&](const Call& call) {
    if (!by_call || call.point != wanted) return Then::go_on;
    std::printf("killed before %s\n", call.to_string().c_str());
    killed = true;
    return Then::kill_all;
  }, .after = [&](const Call& call) {
    if (!Points::is_one(call) || killed) return;
    const Point point = points.add(call);
    if (by_call || !point.is(where)) return;
    std::printf("killed after %s\n", point.to_string().c_str());
    killed = true;
    ::kill(call.process, SIGKILL);
  }, .follow = false});
  if (!killed) std::printf("ended after %u calls, status %d\n", result.points, result.status);
  std::fputs(result.output.c_str(), stderr);
  return killed || result.status == 0 ? 0 : 3;
}

int run(const std::string& subcommand, const Words& words) {
  Watched watched;
  Words before, command;
  const char* point = std::getenv("DIGLAB_PROBE_POINT");
  if (subcommand == "record" && point == nullptr) return read_watched(words, watched) ? record(watched) : bad_use();
  if (subcommand == "walk" || subcommand == "record") return read_watched(words, watched) ? walk(watched, point != nullptr ? point : "") : bad_use();
  if (subcommand == "keep" && words.size() == 2) return keep(words[0], words[1]);
  if (subcommand == "ask" && words.size() >= 2) return ask(words[0], words.size() == 2 ? words[1] : words[1] + " " + words[2]);
  if (!split(words, before, command)) return bad_use();
  if (subcommand == "points" && before.empty()) return print_points(command);
  if (subcommand == "kill" && before.size() == 1) return kill_at(before[0], command);
  if (subcommand == "hold" && before.size() == 2) return hold(before[0], before[1], command);
  return bad_use();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string subcommand = argc > 1 ? argv[1] : "";
  if (subcommand == "--help") return std::fputs(usage, stdout) < 0;
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return run(subcommand, Words(argv + std::min(argc, 2), argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "diglab-probe: %s\n", error.what());
    return 3;
  }
}
