// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/statistics.h"
#include "run/lab.h"

namespace diglab {

/// A ratio of two series of one run, and what it should be at most.
struct BenchTarget {
  std::string numerator;
  std::string denominator;
  double at_most = 0;
  Ratio measured;

  [[nodiscard]] bool met() const { return measured.median > 0 && measured.median <= at_most; }
};

/// What one benchmark saw. Series are seconds of wall time; absolute values mean little on a shared machine, ratios do.
struct BenchReport {
  std::string name;
  std::map<std::string, std::string> conditions;  ///< kernel, image, acceleration, host.
  std::map<std::string, Samples> series;
  std::vector<BenchTarget> targets;

  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] std::string to_json() const;
};

/// Boot to agent ready against the same kernel with a bare initramfs shell, both with a TPM, taken in turn `repetitions` times.
Result<BenchReport> bench_boot(Lab& lab, Processes& processes, int repetitions, const std::stop_token& stop);

/// Restore of a running machine until its agent answers, against the boot of the same machine.
Result<BenchReport> bench_snapshot(Lab& lab, int repetitions, const std::stop_token& stop);

/// What digest lists cost in the `diglim` flavour: loading them against only reading and hashing the same bytes, the first opening of a
/// known file against one whose digest is only calculated, against one that is measured, and against one whose signature is
/// verified; and the same with few and with a million digests loaded.
Result<BenchReport> bench_kernel(Lab& lab, int repetitions, const std::stop_token& stop);

/// What diglim-parser does to the headers of a distribution, on one core of the host and without a guest: `program` is the build's
/// parser_bench. The time is that of the processor.
Result<BenchReport> bench_parser(Processes& processes, const std::filesystem::path& program, int repetitions, const std::stop_token& stop);

}  // namespace diglab
