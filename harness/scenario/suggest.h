// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// The candidate that a person most likely meant by `word`, if one is close enough:
/// at most one typing mistake (insert, delete, replace, swap of neighbours) per three letters. None for words of one or two.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string_view> candidates);

/// " (did you mean 'policy'?)", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// "a, b, c".
[[nodiscard]] std::string comma_list(std::span<const std::string_view> words);

}  // namespace diglab
