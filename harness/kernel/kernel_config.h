// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace diglab {

/// Lines of a kernel configuration: option (with its CONFIG_ prefix) to value as written; "n" for "is not set".
class KernelConfig {
 public:
  /// Reads a .config or a fragment; `name` is for the error: ErrorKind::bad_input with the line of what is no such line.
  static Result<KernelConfig> parse(std::string_view text, std::string_view name);

  /// Takes over every option of `later`, whose values win.
  void merge(const KernelConfig& later);
  void set(std::string option, std::string value) { values_[std::move(option)] = std::move(value); }

  /// "n" for an option that is not there: Kconfig leaves out what is not even visible.
  [[nodiscard]] std::string value(const std::string& option) const;

  /// How many options are y or m.
  [[nodiscard]] int enabled() const;

  /// Each option of `must` whose value here is another: "CONFIG_IMA: expected y, found n".
  [[nodiscard]] std::vector<std::string> differences_from(const KernelConfig& must) const;

  [[nodiscard]] std::string to_text() const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace diglab
