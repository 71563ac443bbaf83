// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/work_off.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace diglab {
namespace {

void share(const std::vector<std::size_t>& numbers, unsigned workers, const std::function<bool()>& is_over,
           const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, workers); ++i)
    threads.emplace_back([&] {
      for (std::size_t mine; !is_over() && (mine = next++) < numbers.size();) work(numbers[mine]);
    });
}

}  // namespace

void work_off(std::size_t count, unsigned workers, const std::function<bool(std::size_t)>& is_alone, const std::function<bool()>& is_over,
              const std::function<void(std::size_t)>& work) {
  std::vector<std::size_t> shared(count);
  std::iota(shared.begin(), shared.end(), std::size_t{0});
  const auto first_alone = std::stable_partition(shared.begin(), shared.end(), [&](std::size_t number) { return !is_alone(number); });
  const std::vector<std::size_t> alone(first_alone, shared.end());
  shared.erase(first_alone, shared.end());
  share(shared, workers, is_over, work);
  share(alone, 1, is_over, work);
}

}  // namespace diglab
