// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/statistics.h"

#include <algorithm>
#include <random>

namespace diglab {
namespace {

/// The value below which `part` of the sorted samples lie, interpolated.
double quantile(const Samples& sorted, double part) {
  if (sorted.empty()) return 0;
  double position = part * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<std::size_t>(position);
  std::size_t above = std::min(below + 1, sorted.size() - 1);
  double weight = position - static_cast<double>(below);
  return sorted[below] * (1 - weight) + sorted[above] * weight;
}

double median_of(Samples samples) {
  std::ranges::sort(samples);
  return quantile(samples, 0.5);
}

Samples resample(const Samples& samples, std::mt19937_64& random) {
  std::uniform_int_distribution<std::size_t> pick(0, samples.size() - 1);
  Samples drawn(samples.size());
  for (double& sample : drawn) sample = samples[pick(random)];
  return drawn;
}

}  // namespace

Summary summarise(Samples samples) {
  std::ranges::sort(samples);
  return {.median = quantile(samples, 0.5), .lower_quartile = quantile(samples, 0.25), .upper_quartile = quantile(samples, 0.75)};
}

Ratio ratio_of(const Samples& a, const Samples& b, std::uint64_t seed) {
  constexpr int resamples = 2000;
  if (a.empty() || b.empty() || median_of(b) <= 0) return {};
  std::mt19937_64 random(seed);
  Samples ratios;
  ratios.reserve(resamples);
  for (int i = 0; i < resamples; ++i) {
    double divisor = median_of(resample(b, random));
    if (divisor > 0) ratios.push_back(median_of(resample(a, random)) / divisor);
  }
  std::ranges::sort(ratios);
  return {.median = median_of(a) / median_of(b), .low = quantile(ratios, 0.025), .high = quantile(ratios, 0.975)};
}

}  // namespace diglab
