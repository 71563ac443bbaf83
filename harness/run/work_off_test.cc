// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/work_off.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace diglab {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

bool never() { return false; }
bool none_is_alone(std::size_t) { return false; }

TEST(WorkOff, does_each_once) {
  std::mutex mutex;
  std::vector<std::size_t> done;
  work_off(5, 3, none_is_alone, never, [&](std::size_t number) {
    std::lock_guard lock(mutex);
    done.push_back(number);
  });
  EXPECT_THAT(done, UnorderedElementsAre(0, 1, 2, 3, 4));
}

TEST(WorkOff, does_as_many_at_once_as_there_are_workers) {
  std::mutex mutex;
  std::condition_variable both;
  int present = 0;
  work_off(2, 2, none_is_alone, never, [&](std::size_t) {
    std::unique_lock lock(mutex);
    ++present;
    both.notify_all();
    both.wait(lock, [&] { return present == 2; });  // Ends only if the other one comes while this one is here.
  });
  EXPECT_EQ(present, 2);
}

TEST(WorkOff, does_nothing_beside_what_is_to_be_alone) {
  std::mutex mutex;
  int present = 0, most_beside = 0;
  std::vector<std::size_t> done;
  const auto is_alone = [](std::size_t number) { return number % 2 == 0; };
  work_off(40, 4, is_alone, never, [&](std::size_t number) {
    {
      std::lock_guard lock(mutex);
      ++present;
      done.push_back(number);
    }
    std::this_thread::yield();
    std::lock_guard lock(mutex);
    if (is_alone(number)) most_beside = std::max(most_beside, present - 1);
    --present;
  });
  EXPECT_EQ(done.size(), 40U);
  EXPECT_EQ(most_beside, 0);
  EXPECT_TRUE(std::ranges::is_partitioned(done, [&](std::size_t number) { return !is_alone(number); })) << "alone before others";
}

TEST(WorkOff, begins_nothing_once_it_is_over) {
  std::vector<std::size_t> done;
  work_off(9, 1, [](std::size_t number) { return number == 0; }, [&] { return done.size() == 2; }, [&](std::size_t number) { done.push_back(number); });
  EXPECT_THAT(done, ElementsAre(1, 2));
}

}  // namespace
}  // namespace diglab
