// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/threads.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

namespace diglim {
namespace {

/// The first thing that went wrong in any thread.
class Findings {
 public:
  void add(Finding finding) {
    const std::scoped_lock lock(mutex_);
    if (first_.empty()) first_ = std::move(finding);
    stop = true;
  }
  [[nodiscard]] Finding first() const { return first_; }
  std::atomic<bool> stop = false;

 private:
  std::mutex mutex_;
  Finding first_;
};

std::string error_text(const char* what, int error) { return std::string(what) + ": " + std::strerror(error); }

/// Adds and deletes lists of its own, which share digests with everybody's. The label belongs to all writers, so there is none.
void write_lists(const Interface& kernel, std::uint64_t seed, const std::vector<std::string>& lists, std::size_t operations, Findings& findings) {
  Dice dice(seed);
  std::vector<bool> loaded(lists.size());
  const auto toggle = [&](std::size_t which) {
    const int error = loaded[which] ? kernel.remove(lists[which]) : kernel.add(lists[which]);
    if (error != 0) return findings.add(error_text(loaded[which] ? "delete" : "add", error));
    loaded[which] = !loaded[which];
  };
  for (std::size_t i = 0; i < operations && !findings.stop; ++i) toggle(dice.below(lists.size()));
  for (std::size_t which = 0; which < lists.size() && !findings.stop; ++which)
    if (loaded[which]) toggle(which);
}

void read_lists(const Interface& kernel, std::size_t operations, Findings& findings) {
  for (std::size_t i = 0; i < operations && !findings.stop; ++i) {
    for (const auto& name : kernel.entries()) {
      try {
        const auto bytes = kernel.read("digest_lists_loaded/" + name);
        if (!name.starts_with("sha256-" + to_hex(sha256(bytes)))) return findings.add(name + " holds another list's bytes");
        (void)kernel.read("digest_lists_loaded/" + name + ".ascii");
      } catch (const std::system_error& error) {
        // Deleted meanwhile.
        if (error.code().value() != ENOENT && error.code().value() != ENODEV) return findings.add(error.what());
      }
    }
    (void)kernel.counts();
  }
}

}  // namespace

Finding run_threads(const Interface& kernel, const ThreadsRun& run) {
  if (!kernel.entries().empty()) return "lists are loaded already: their digests would be counted";
  Dice dice(run.seed);
  const auto shared = colliding_lists(dice, 3 * run.threads);
  const std::string pinned = shared.front() + shared.back();
  if (const int error = kernel.add(pinned); error != 0) return error_text("add", error);
  const auto before = kernel.counts();

  Findings findings;
  const auto guarded = [&](const auto& work) {
    return [&findings, work] {
      try {
        work();
      } catch (const std::exception& error) {
        findings.add(error.what());
      }
    };
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < run.threads; ++t) {
      std::vector<std::string> own;
      // A block of no digests makes the list this thread's alone, whatever digests it shares.
      for (std::size_t n = 0; n < 3; ++n)
        own.push_back(shared[3 * t + n] + encode({{.type = parser, .modifiers = static_cast<std::uint16_t>(0x100 + 3 * t + n), .algorithm = 4, .digests = {}}}));
      threads.emplace_back(guarded([&kernel, seed = run.seed + t, own, &run, &findings] { write_lists(kernel, seed, own, run.operations, findings); }));
      threads.emplace_back(guarded([&kernel, &run, &findings] { read_lists(kernel, run.operations / 20 + 1, findings); }));
    }
    if (run.sabotage) (void)kernel.remove(pinned);
    // digest_query keeps one question for all who ask: one thread asks.
    threads.emplace_back(guarded([&] {
      const auto digest = sha256(pinned);
      for (std::size_t i = 0; i < run.operations && !findings.stop; ++i)
        if (kernel.query(*algorithm(4), digest).empty()) findings.add("a list that is loaded throughout was not found");
    }));
  }
  if (!findings.first().empty()) return findings.first();
  if (kernel.counts() != before) return "digests_count is not what it was before";
  if (const int error = kernel.remove(pinned); error != 0) return error_text("delete", error);
  if (!kernel.entries().empty() || kernel.counts() != Counts{}) return "something is left after everything was deleted";
  return {};
}

}  // namespace diglim
