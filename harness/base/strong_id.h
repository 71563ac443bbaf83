// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <compare>
#include <string>
#include <utility>

namespace diglab {

/// A string that is only ever compared with strings of the same meaning.
///
///     using ScenarioId = StrongId<struct ScenarioIdTag>;
template <typename Tag>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const StrongId&) const = default;

 private:
  std::string text_;
};

}  // namespace diglab
