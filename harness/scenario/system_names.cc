// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/system_names.h"

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

namespace diglab {

std::span<const std::string_view> errno_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    constexpr int last = 133;  // EHWPOISON
    for (int number = 1; number <= last; ++number) {
      if (const char* name = ::strerrorname_np(number)) all.emplace_back(name);
    }
    return all;
  }();
  return names;
}

std::span<const std::string_view> signal_names() {
  static const std::vector<std::string> kept = [] {
    std::vector<std::string> all;
    constexpr int last_with_name = 31;
    for (int number = 1; number <= last_with_name; ++number) {
      if (const char* name = ::sigabbrev_np(number)) all.push_back(std::string("SIG") + name);
    }
    return all;
  }();
  static const std::vector<std::string_view> names(kept.begin(), kept.end());
  return names;
}

}  // namespace diglab
