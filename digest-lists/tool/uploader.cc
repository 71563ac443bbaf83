// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/uploader.h"

#include <algorithm>

namespace diglim::tool {

std::set<Type> uploader_lacks(std::span<const Digest> digests, std::span<const List> lists) {
  std::set<Type> lacking{parser, file};
  for (const List& list : lists) {
    if (list.is_rpm()) continue;
    for (const Listed& listed : list.digests())
      if (std::ranges::find(digests, listed.digest) != digests.end()) lacking.erase(listed.type);
  }
  return lacking;
}

std::string to_string(const std::set<Type>& types) {
  std::string text;
  for (const Type each : types) text.append(text.empty() ? "" : " and ").append(to_string(each));
  return text;
}

}  // namespace diglim::tool
