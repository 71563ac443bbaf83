// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.h"
#include "format/format_error.h"

namespace diglim::tool {

/// Of everything here; FormatError is what the readers of digest-lists/format return.
template <typename T>
using Result = diglab::Result<T>;
using diglab::Error;
using diglab::ErrorKind;
using diglab::fail;

/// What is wrong with the bytes of `what`, as an error of the input.
[[nodiscard]] inline std::unexpected<Error> fail_format(const std::string& what, const FormatError& error) {
  return fail(ErrorKind::bad_input, what + ": " + error.to_string());
}

}  // namespace diglim::tool
