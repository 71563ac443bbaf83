// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace diglab {

/// The value, or why there is none. No exception crosses a folder's border.
///
/// std::expected with an Error, and it may not be ignored.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

/// Makes the failed half of any Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error(kind, std::move(message)));
}

[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace diglab

/// Evaluates to the value of a Result; otherwise returns its error from the enclosing function.
/// A second argument becomes context: TRY(read_file(path), "kernel configuration").
#define TRY(expression, ...) DIGLAB_TRY(DIGLAB_TRY_NAME(__COUNTER__), expression __VA_OPT__(, ) __VA_ARGS__)

/// The same for Result<void>, where there is no value to yield.
#define TRY_VOID(expression, ...) DIGLAB_TRY_VOID(DIGLAB_TRY_NAME(__COUNTER__), expression __VA_OPT__(, ) __VA_ARGS__)

// Each use gets a name of its own, so that one TRY may stand inside another.
#define DIGLAB_TRY_NAME(counter) DIGLAB_TRY_PASTE(diglab_try_result_, counter)
#define DIGLAB_TRY_PASTE(prefix, counter) prefix##counter
#define DIGLAB_TRY(name, expression, ...)                                                              \
  ({                                                                                                   \
    auto name = (expression);                                                                          \
    if (!name) [[unlikely]]                                                                            \
      return ::diglab::fail(std::move(name).error() __VA_OPT__(.within(__VA_ARGS__)));                 \
    *std::move(name);                                                                                  \
  })
#define DIGLAB_TRY_VOID(name, expression, ...)                                                         \
  do {                                                                                                 \
    auto name = (expression);                                                                          \
    if (!name) [[unlikely]]                                                                            \
      return ::diglab::fail(std::move(name).error() __VA_OPT__(.within(__VA_ARGS__)));                 \
  } while (false)
