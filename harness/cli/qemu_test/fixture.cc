// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/qemu_test/fixture.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdlib>

#include "base/source_directory.h"
#include "judge/event.h"
#include "machine/run_directory.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// The directories of runs that nobody holds any more.
std::set<fs::path> dead_runs() {
  std::set<fs::path> dead;
  const fs::path parent = RunDirectory::default_parent();
  if (!fs::exists(parent)) return dead;
  // Held by whoever makes a directory, until that is locked.
  auto lock = FileLock::acquire(parent / "lock", Deadline::in(patience));
  EXPECT_TRUE(lock) << lock.error().to_string();
  for (const auto& entry : fs::directory_iterator(parent))
    if (entry.path().filename().string().starts_with("r-") && RunDirectory::is_dead(entry.path())) dead.insert(entry.path());
  return dead;
}

}  // namespace

std::string tested_source() {
  const char* other = std::getenv("DIGLAB_TEST_SOURCE");
  return other != nullptr ? fs::path(other) : source_directory();
}

fs::path users_cache() {
  if (const char* given = std::getenv("DIGLAB_CACHE"); given != nullptr && *given != '\0') return given;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg != '\0') return fs::path(xdg) / "diglab";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/root") / ".cache" / "diglab";
}

void BadLuckTest::TearDown() {
  std::vector<SeenProcess> left;
  // A killed process may take a moment to be gone.
  if (eventually([&] { return (left = descendants()).empty(); }, 10s)) return;
  for (const SeenProcess& process : left) {
    ADD_FAILURE() << "left behind: " << process.pid << " " << process.command.substr(0, 300);
    ::kill(process.pid, SIGKILL);
  }
}

void BadLuckTest::scenario(const std::string& name, const std::string& body) const {
  auto written = write_file(scratch_.path() / "scenarios/badluck" / (name + ".yaml"),
                            fmt::format("id: badluck/{}\nclaim: The laboratory survives this.\nsources: [S0]\ntags: [badluck]\n"
                                        "no_control_because: The laboratory is tested here and no claim.\n{}",
                                        name, body));
  ASSERT_TRUE(written) << written.error().to_string();
}

std::unique_ptr<StartedDiglab> BadLuckTest::start(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment, int terminal) {
  std::vector<std::string> all{"--source", tested_source()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return std::make_unique<StartedDiglab>(scratch_.path(), fmt::format("start-{}", ++starts_), std::move(all), environment, terminal);
}

std::unique_ptr<StartedDiglab> BadLuckTest::start_run(std::vector<std::string> more, const std::map<std::string, std::string>& environment) {
  std::vector<std::string> all{"run", "--scenarios", scratch_.path() / "scenarios", "--results", results(), "*"};
  all.insert(all.end(), more.begin(), more.end());
  return start(std::move(all), environment);
}

fs::path BadLuckTest::own_cache() const {
  fs::path cache = scratch_.path() / "cache";
  fs::create_directories(cache);
  for (const char* part : {"keys", "tpm", "libvirt", "acceleration"})
    if (fs::exists(users_cache() / part)) fs::copy(users_cache() / part, cache / part, fs::copy_options::recursive | fs::copy_options::skip_existing);
  return cache;
}

std::string BadLuckTest::events() const {
  fs::path newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(results(), error))
    if (entry.path().filename() > newest.filename()) newest = entry.path();
  return newest.empty() ? std::string() : read_file(newest / "events.jsonl").value_or(std::string());
}

void BadLuckTest::expect_little_memory() const {
  auto stream = events();
  ASSERT_TRUE(stream.ends_with('\n')) << stream;
  stream.pop_back();
  const auto last = stream.substr(stream.rfind('\n') + 1);
  const auto end = parse_event(last);
  ASSERT_TRUE(end && std::holds_alternative<event::RunEnd>(end->body)) << last;
  const auto peak = std::get<event::RunEnd>(end->body).peak_memory_kib;
  ASSERT_TRUE(peak) << last;
  EXPECT_LE(*peak * 1024LL, 100'000'000);
}

void BadLuckTest::wait_for_event(StartedDiglab& diglab, const std::string& text) const {
  bool ended = false;
  bool seen = eventually([&] { return events().find(text) != std::string::npos || (ended = diglab.wait(0s) != -1); }, patience);
  ASSERT_TRUE(seen && !ended) << text << " was not reached\n" << events().substr(0, 4000) << diglab.err();
}

void BadMachineTest::SetUp() {
  BadLuckTest::SetUp();
  if (std::getenv("DIGLAB_TEST_KERNEL") == nullptr) GTEST_SKIP() << "DIGLAB_TEST_KERNEL names no kernel";
  dead_runs_ = dead_runs();
}

void BadMachineTest::TearDown() {
  BadLuckTest::TearDown();
  if (IsSkipped()) return;
  for (const fs::path& run : dead_runs()) EXPECT_TRUE(dead_runs_.contains(run)) << run << " was left";
  scenario("after", "timeout: 60\nsteps: [{id: runs, run: \"exit 0\"}]\n");
  auto next = start({"run", "--scenarios", scratch_.path() / "scenarios", "--results", results(), "badluck/after"});
  expect_status(*next, 0);
  BadLuckTest::TearDown();
}

pid_t BadMachineTest::machine_process(const std::string& program) {
  // A libvirt that asks a QEMU what it can do starts one too, but gives it no name.
  for (const SeenProcess& process : descendants())
    if (process.program.starts_with(program) && process.command.find("badluck") != std::string::npos) return process.pid;
  return 0;
}

void expect_status(StartedDiglab& diglab, int status) {
  EXPECT_EQ(diglab.wait(patience), status) << "standard output:\n" << diglab.out() << "\nstandard error:\n" << diglab.err();
}

}  // namespace diglab
