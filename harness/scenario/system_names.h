// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string_view>

namespace diglab {

/// Names of errno values ("EACCES") and of signals ("SIGKILL"), as Linux has them.
[[nodiscard]] std::span<const std::string_view> errno_names();
[[nodiscard]] std::span<const std::string_view> signal_names();

}  // namespace diglab
