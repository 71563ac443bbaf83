// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "exercise/model.h"
#include "interface/interface.h"

namespace diglim {

/// Where operations and lists come from: the same seed gives the same sequence everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 to below `end`.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
  bool one_in(std::size_t many) { return below(many) == 0; }
  std::string bytes(std::size_t count);

 private:
  std::mt19937_64 engine_;
};

/// Lists that share most of their digests: few digests, of few algorithms, in blocks of every type.
[[nodiscard]] std::vector<std::string> colliding_lists(Dice& dice, std::size_t count);

/// What went wrong, and when; empty if nothing did.
using Finding = std::string;

struct ModelRun {
  std::uint64_t seed = 1;
  std::size_t operations = 10'000;
  unsigned actions = 0;   ///< What the policy gives an upload.
  bool faults = false;    ///< Allocations may fail: an addition may end in EINVAL or ENOMEM instead, without a trace.
  bool quick_reads = false;  ///< Compare counts only now and then: for slow kernels.
};
struct ModelStatistics {
  std::size_t added = 0, removed = 0, refused = 0, queried = 0, failed_by_fault = 0;
};
/// Random additions, deletions and queries; after each, the kernel must say what the model says.
[[nodiscard]] Finding run_model(const Interface& kernel, const ModelRun& run, ModelStatistics& statistics);

struct MalformedRun {
  std::uint64_t seed = 1;
  std::size_t lists = 100'000;
  bool lenient = false;  ///< Expect a reserved byte to be taken, which the kernel must contradict: for controls.
};
struct MalformedStatistics {
  std::size_t refused = 0, accepted = 0;
};
/// Damaged lists: refused with EINVAL, or loaded and deletable where the damage did no harm; the counts are as before each time.
[[nodiscard]] Finding run_malformed(const Interface& kernel, const MalformedRun& run, MalformedStatistics& statistics);

}  // namespace diglim
