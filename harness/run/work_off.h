// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>

namespace diglab {

/// Calls `work` once for each number below `count`, from as many threads as there are `workers` (at least 1), and returns when all have returned.
/// While it works on a number that `is_alone`, it works on no other. Those come last: each waits until all before it are done, and only once
/// should that leave a thread idle. Begins with no further number once `is_over`. The functions are called from several threads at once; none may throw.
void work_off(std::size_t count, unsigned workers, const std::function<bool(std::size_t)>& is_alone, const std::function<bool()>& is_over,
              const std::function<void(std::size_t)>& work);

}  // namespace diglab
