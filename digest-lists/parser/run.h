// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "parser/arguments.h"
#include "parser/log.h"
#include "parser/repository.h"

namespace diglim {

/// How the program ends.
enum class Status : int { done = 0, refused = 1, bad_use = 2, no_kernel = 3 };

/// Finds the lists that the arguments name, and loads them. Whatever was refused is in the log, and makes the status `refused`.
[[nodiscard]] Status run(const Arguments& arguments, Repository& repository, Log& log);

}  // namespace diglim
