// SPDX-License-Identifier: GPL-2.0-or-later
//
// diglim-exercise: drives the kernel's repository of digests and says as KTAP what it found. See digest-lists/README.md.
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <sstream>
#include <string>

#include "exercise/access.h"
#include "exercise/each.h"
#include "exercise/load.h"
#include "exercise/threads.h"

namespace {

using namespace diglim;

constexpr const char* usage =
    "Usage: diglim-exercise SUBCOMMAND [NAME=NUMBER]...\n"
    "  each       actions=0\n"
    "  model      seed=1 operations=10000 actions=0 faults=0 quick=0\n"
    "  malformed  seed=1 lists=100000 lenient=0\n"
    "  threads    seed=1 threads=4 operations=500 sabotage=0\n"
    "  load       seed=1 digests=99100 lists=1447 repeats=3\n"
    "  access     seed=1 files=2000 size=20000 batch=50 extra=0 execute=0 appraise=0\n"
    "Prints KTAP. Exit status: 0 as claimed, 1 not, 2 bad use.\n";

/// NAME=NUMBER arguments, each of which must be taken by somebody.
class Numbers {
 public:
  bool read(int argc, char** argv) {
    for (int i = 2; i < argc; ++i) {
      const char* equals = std::strchr(argv[i], '=');
      char* end = nullptr;
      const auto value = equals ? std::strtoull(equals + 1, &end, 10) : 0;
      if (!equals || end == equals + 1 || *end != '\0') return false;
      values_[std::string(argv[i], static_cast<std::size_t>(equals - argv[i]))] = value;
    }
    return true;
  }
  unsigned long long take(const char* name, unsigned long long otherwise) {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    const auto value = found->second;
    values_.erase(found);
    return value;
  }
  [[nodiscard]] bool all_taken() const { return values_.empty(); }

 private:
  std::map<std::string, unsigned long long> values_;
};

int report(const char* name, const Finding& finding, const std::string& statistics) {
  std::printf("TAP version 13\n1..1\n");
  std::istringstream lines(statistics + (finding.empty() ? "" : "\n" + finding));
  for (std::string line; std::getline(lines, line);) std::printf("# %s\n", line.c_str());
  std::printf("%s 1 %s\n", finding.empty() ? "ok" : "not ok", name);
  return finding.empty() ? 0 : 1;
}

int run(const std::string& subcommand, Numbers& numbers) {
  const Interface kernel;
  const auto seed = numbers.take("seed", 1);
  std::ostringstream said;
  if (subcommand == "each") {
    const EachRun wanted{.actions = static_cast<unsigned>(numbers.take("actions", 0))};
    if (!numbers.all_taken()) return 2;
    std::size_t lists = 0;
    const auto finding = run_each(kernel, wanted, lists);
    said << lists << " lists added and deleted";
    return report("each", finding, said.str());
  }
  if (subcommand == "model") {
    const ModelRun wanted{.seed = seed, .operations = numbers.take("operations", 10'000), .actions = static_cast<unsigned>(numbers.take("actions", 0)),
                          .faults = numbers.take("faults", 0) != 0, .quick_reads = numbers.take("quick", 0) != 0};
    if (!numbers.all_taken()) return 2;
    ModelStatistics counted;
    const auto finding = run_model(kernel, wanted, counted);
    said << counted.added << " added, " << counted.removed << " deleted, " << counted.refused << " refused, " << counted.queried << " queries, "
         << counted.failed_by_fault << " failed by an injected fault";
    if (wanted.faults && finding.empty() && counted.failed_by_fault == 0) return report("model", "no fault was injected", said.str());
    return report("model", finding, said.str());
  }
  if (subcommand == "malformed") {
    const MalformedRun wanted{.seed = seed, .lists = numbers.take("lists", 100'000), .lenient = numbers.take("lenient", 0) != 0};
    if (!numbers.all_taken()) return 2;
    MalformedStatistics counted;
    const auto finding = run_malformed(kernel, wanted, counted);
    said << counted.refused << " refused, " << counted.accepted << " loaded and deleted";
    return report("malformed", finding, said.str());
  }
  if (subcommand == "threads") {
    const ThreadsRun wanted{.seed = seed, .threads = numbers.take("threads", 4), .operations = numbers.take("operations", 500),
                            .sabotage = numbers.take("sabotage", 0) != 0};
    return numbers.all_taken() ? report("threads", run_threads(kernel, wanted), "") : 2;
  }
  if (subcommand == "load") {
    const LoadRun wanted{.seed = seed, .digests = numbers.take("digests", 99'100), .lists = numbers.take("lists", 1'447), .repeats = numbers.take("repeats", 3)};
    if (!numbers.all_taken() || wanted.lists == 0 || wanted.digests < wanted.lists) return 2;
    LoadResult result;
    const auto finding = run_load(kernel, wanted, result);
    said << "digests " << wanted.digests << "\nlists " << wanted.lists << "\nhash_seconds " << result.hash_seconds << "\nload_seconds " << result.load_seconds
         << "\ndelete_seconds " << result.delete_seconds << "\nbytes_per_digest " << result.bytes_per_digest << "\nbytes_kept " << result.bytes_kept;
    return report("load", finding, said.str());
  }
  if (subcommand == "access") {
    const AccessRun wanted{.seed = seed, .files = numbers.take("files", 2'000), .size = numbers.take("size", 20'000), .batch = numbers.take("batch", 50),
                           .extra = numbers.take("extra", 0), .execute = numbers.take("execute", 0) != 0, .appraise = numbers.take("appraise", 0) != 0};
    if (!numbers.all_taken() || wanted.batch == 0) return 2;
    AccessTimes times;
    const auto finding = run_access(kernel, wanted, times);
    for (const auto& [owner, seconds] : times) {
      double total = 0;
      for (const double one : seconds) total += one;
      said << owner << "_seconds " << total << "\n" << owner << "_batches";
      for (const double one : seconds) said << ' ' << one;
      said << "\n";
    }
    return report("access", finding, said.str());
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) return std::fputs(usage, stdout) < 0;
  Numbers numbers;
  int status = 2;
  try {
    if (argc >= 2 && numbers.read(argc, argv)) status = run(argv[1], numbers);
  } catch (const std::exception& error) {
    std::printf("Bail out! %s\n", error.what());
    return 1;
  }
  if (status == 2) std::fputs(usage, stderr);
  return status;
}
