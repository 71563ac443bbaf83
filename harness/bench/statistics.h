// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace diglab {

/// Seconds, in the order in which they were taken.
using Samples = std::vector<double>;

/// The middle, and the middle half, of a set of samples. Robust against the odd slow run of a shared machine.
struct Summary {
  double median = 0;
  double lower_quartile = 0;
  double upper_quartile = 0;
};

[[nodiscard]] Summary summarise(Samples samples);

/// How many times larger one thing is than another, with the interval that holds 95 of 100 bootstrap resamples.
struct Ratio {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// median(a) / median(b), both from the same run, resampled 2,000 times. The same `seed` gives the same interval.
[[nodiscard]] Ratio ratio_of(const Samples& a, const Samples& b, std::uint64_t seed = 1);

}  // namespace diglab
