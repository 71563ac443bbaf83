// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/load.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace diglim {
namespace {

namespace fs = std::filesystem;

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Pages that nothing uses: those of the zones, and those that each CPU keeps for itself, which MemFree leaves out: with the
/// tuning of Linux 6.7 and later, an eighth of the memory. proc_pid_zoneinfo(5), Linux mm/vmstat.c.
long free_pages() {
  std::istringstream words(read_all("/proc/zoneinfo"));
  long sum = 0, count = 0;
  for (std::string word, before; words >> word; before = word) {
    const bool counts = (word == "free" && before == "pages") || word == "count:";
    if (counts && words >> count) sum += count;
  }
  return sum;
}

/// Bytes that nothing uses, after caches that can be dropped were. What RCU frees comes back in batches, and there is no event to
/// wait for: so it waits until nothing has come back for a second. Dropping caches drains the batches of kfree_rcu().
long free_memory() {
  constexpr int rounds = 100, quiet_rounds = 5;
  constexpr long noise = 4;
  ::malloc_trim(0);
  ::sync();
  long last = 0;
  for (int round = 0, quiet = 0; round < rounds && quiet < quiet_rounds; ++round) {
    std::ofstream("/proc/sys/vm/drop_caches") << "3\n";
    ::usleep(200'000);
    const long now = free_pages();
    quiet = now - last > noise ? 0 : quiet + 1;
    last = std::max(last, now);
  }
  return last * ::sysconf(_SC_PAGESIZE);
}

/// Reads and digests, and nothing else.
void hash_file(const fs::path& file) { (void)sha256(read_all(file.string())); }

void write_lists(const LoadRun& run) {
  fs::remove_all(run.directory);
  fs::create_directories(run.directory);
  Dice dice(run.seed);
  for (std::size_t i = 0; i < run.lists; ++i) {
    const std::size_t from = i * run.digests / run.lists, to = (i + 1) * run.digests / run.lists;
    Block plain, immutable;
    immutable.modifiers = 1;
    for (std::size_t n = from; n < to; ++n) (n % 3 == 0 ? immutable : plain).digests.push_back(dice.bytes(32));
    std::ofstream(run.directory + "/0-file_list-compact-" + std::to_string(i), std::ios::binary) << encode({plain, immutable});
  }
}

}  // namespace

Finding run_load(const Interface& kernel, const LoadRun& run, LoadResult& result) {
  write_lists(run);
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(run.directory)) paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  const Counts before = kernel.counts();
  Finding finding;
  const auto each = [&](int (Interface::*operation)(std::string_view) const, const char* what) {
    for (const auto& path : paths) {
      const int error = (kernel.*operation)(path);
      if (error != 0 && finding.empty()) finding = std::string(what) + " " + path + ": " + std::strerror(error);
    }
  };
  result.hash_seconds = result.load_seconds = result.delete_seconds = 1e9;
  std::vector<double> bytes_of_rounds;
  long free_before = free_memory();
  for (std::size_t i = 0; i < run.repeats && finding.empty(); ++i) {
    result.hash_seconds = std::min(result.hash_seconds, seconds_of([&] { for (const auto& path : paths) hash_file(path); }));
    // Read into the page cache again, as they were before they were hashed.
    for (const auto& path : paths) (void)read_all(path);
    result.load_seconds = std::min(result.load_seconds, seconds_of([&] { each(&Interface::add, "add"); }));
    if (!finding.empty()) break;
    auto loaded = kernel.counts();
    if (loaded[file] - before[file] != run.digests) return "loaded " + std::to_string(loaded[file] - before[file]) + " digests of " + std::to_string(run.digests);
    const long free_loaded = free_memory();
    bytes_of_rounds.push_back(static_cast<double>(free_before - free_loaded) / static_cast<double>(run.digests));
    result.delete_seconds = std::min(result.delete_seconds, seconds_of([&] { each(&Interface::remove, "delete"); }));
    const long free_after = free_memory();
    result.bytes_kept = free_before - free_after;
    free_before = free_after;
    if (finding.empty() && kernel.counts() != before) finding = "digests_count is not what it was before";
  }
  std::ranges::sort(bytes_of_rounds);
  if (!bytes_of_rounds.empty()) result.bytes_per_digest = bytes_of_rounds[bytes_of_rounds.size() / 2];
  fs::remove_all(run.directory);
  return finding;
}

}  // namespace diglim
