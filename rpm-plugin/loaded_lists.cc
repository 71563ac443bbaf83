// SPDX-License-Identifier: GPL-2.0-or-later
#include "loaded_lists.h"

#include <rpm/rpmcrypto.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace diglim {
namespace {

/// Empty if librpm does not know the algorithm.
std::string digest_of(ByteView bytes, const Algorithm& wanted) {
  constexpr int pgp_numbers = 16;
  int number = 0;
  while (number < pgp_numbers && algorithm_of_pgp(static_cast<std::uint32_t>(number)) != &wanted) ++number;
  DIGEST_CTX context = number < pgp_numbers ? rpmDigestInit(number, 0) : nullptr;
  if (context == nullptr) return {};
  void* text = nullptr;
  rpmDigestUpdate(context, bytes.data(), bytes.size());
  rpmDigestFinal(context, &text, nullptr, 1);
  std::string digest = text != nullptr ? static_cast<const char*>(text) : "";
  std::free(text);
  return digest;
}

}  // namespace

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
        lists.entries_.push_back({&one, name.substr(start, 2 * one.size), name.substr(label)});
    }
    if (error) return std::nullopt;
  }
  return lists;
}

bool LoadedLists::has(std::string_view label, ByteView list) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    if (entry.label != label) return false;
    const std::string digest = digest_of(list, *entry.algorithm);
    return digest.empty() || digest == entry.digest;
  });
}

}  // namespace diglim
