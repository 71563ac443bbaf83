// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace diglab {
namespace {

bool is_option_name(std::string_view text) {
  return text.starts_with("CONFIG_") && text.size() > 7 && std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

Result<KernelConfig> KernelConfig::parse(std::string_view text, std::string_view name) {
  KernelConfig config;
  std::size_t number = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    ++number;
    if (line.starts_with("# CONFIG_") && line.ends_with(" is not set")) {
      std::string_view option = line.substr(2, line.size() - 2 - 11);
      if (is_option_name(option)) config.set(std::string(option), "n");
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    auto equals = line.find('=');
    if (equals == std::string_view::npos || !is_option_name(line.substr(0, equals)) || equals + 1 == line.size())
      return fail(ErrorKind::bad_input, fmt::format("{}:{}: expected CONFIG_NAME=value, found '{}'", name, number, line));
    config.set(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  }
  return config;
}

void KernelConfig::merge(const KernelConfig& later) {
  for (const auto& [option, value] : later.values_) values_[option] = value;
}

std::string KernelConfig::value(const std::string& option) const {
  auto found = values_.find(option);
  return found == values_.end() ? "n" : found->second;
}

int KernelConfig::enabled() const {
  return static_cast<int>(std::ranges::count_if(values_, [](const auto& entry) { return entry.second == "y" || entry.second == "m"; }));
}

std::vector<std::string> KernelConfig::differences_from(const KernelConfig& must) const {
  std::vector<std::string> differences;
  for (const auto& [option, expected] : must.values_)
    if (std::string found = value(option); found != expected)
      differences.push_back(fmt::format("{}: expected {}, found {}", option, expected, found));
  return differences;
}

std::string KernelConfig::to_text() const {
  std::string text;
  for (const auto& [option, value] : values_)
    text += value == "n" ? fmt::format("# {} is not set\n", option) : fmt::format("{}={}\n", option, value);
  return text;
}

}  // namespace diglab
