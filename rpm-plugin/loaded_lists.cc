// SPDX-License-Identifier: GPL-2.0-or-later
#include "loaded_lists.h"

#include <algorithm>
#include <filesystem>

#include "digest.h"

namespace diglim {

std::optional<LoadedLists> LoadedLists::read(const std::string& interface) {
  std::error_code error;
  std::filesystem::directory_iterator entry(interface + "/digest_lists_loaded", error);
  if (error) return std::nullopt;
  LoadedLists lists;
  for (const std::filesystem::directory_iterator end; entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.ends_with(".ascii")) continue;
    for (const Algorithm& one : algorithms()) {
      const std::size_t start = one.name.size() + 1, label = start + 2 * one.size + 1;
      if (name.starts_with(one.name) && name[start - 1] == '-' && name.size() >= label && name[label - 1] == '-')
        lists.lists_.emplace(name.substr(label), Identity{&one, name.substr(start, 2 * one.size)});
    }
    if (error) return std::nullopt;
  }
  return lists;
}

bool LoadedLists::has(std::string_view label, ByteView list) const {
  const auto [first, last] = lists_.equal_range(label);
  return std::any_of(first, last, [&](const auto& entry) {
    const std::string digest = digest_of(list, *entry.second.algorithm);
    return digest.empty() || digest == entry.second.digest;
  });
}

}  // namespace diglim
