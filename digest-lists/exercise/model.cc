// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/model.h"

#include <algorithm>
#include <cerrno>
#include <set>

namespace diglim {
namespace {

std::string label_in_name(std::string_view label) {
  label.remove_prefix(label.rfind('/') + 1);
  return label.empty() ? "parser" : std::string(label);
}

std::string header_text(const Block& block) {
  const Algorithm& algo = *algorithm(block.algorithm);
  return "version: 1, algo: " + std::string(algo.name) + ", type: " + std::to_string(block.type) + ", modifiers: " + std::to_string(block.modifiers) +
         ", count: " + std::to_string(block.digests.size()) + ", datalen: " + std::to_string(block.digests.size() * algo.size) + "\n";
}

}  // namespace

std::vector<Model::Loaded>::iterator Model::find(const std::string& list) {
  return std::ranges::find(lists_, list, &Loaded::bytes);
}

int Model::add(const std::string& list, std::string_view label) {
  auto blocks = decode(list);
  if (!blocks) return EINVAL;
  if (find(list) != lists_.end()) return EEXIST;
  lists_.push_back({.bytes = list, .digest = sha256(list), .label = label_in_name(label), .blocks = *std::move(blocks)});
  return 0;
}

int Model::remove(const std::string& list, std::string_view label) {
  if (!decode(list)) return EINVAL;
  const auto found = find(list);
  if (found == lists_.end() || found->label != label_in_name(label)) return ENOENT;
  lists_.erase(found);
  return 0;
}

std::string Model::query(const Algorithm& algo, const std::string& digest) const {
  std::string text;
  for (std::uint16_t type = parser; type < digest_list; ++type) {
    for (const Loaded& list : lists_) {
      for (const Block& block : list.blocks) {
        if (block.type != type || block.algorithm != algo.number) continue;
        for (const std::string& one : block.digests)
          if (one == digest) text += list.name() + " (actions: " + std::to_string(actions_) + "): " + header_text(block);
      }
    }
  }
  for (const Loaded& list : lists_) {
    if (algo.name == "sha256" && list.digest == digest)
      text += list.name() + " (actions: " + std::to_string(actions_) + "): type: 3, size: " + std::to_string(list.bytes.size()) + "\n";
  }
  return text;
}

Counts Model::counts() const {
  std::array<std::set<std::pair<std::uint16_t, std::string>>, 4> found;
  for (const Loaded& list : lists_) {
    found[digest_list].insert({4, list.digest});
    for (const Block& block : list.blocks)
      for (const std::string& digest : block.digests) found[block.type].insert({block.algorithm, digest});
  }
  Counts counts{};
  for (std::size_t type = 0; type < counts.size(); ++type) counts[type] = found[type].size();
  return counts;
}

std::vector<std::string> Model::entries() const {
  std::vector<std::string> names;
  for (const Loaded& list : lists_) names.push_back(list.name());
  std::ranges::sort(names);
  return names;
}

std::string Model::ascii(const std::string& name) const {
  std::string text;
  for (const Loaded& list : lists_) {
    if (list.name() != name) continue;
    for (const Block& block : list.blocks) {
      text += "actions: " + std::to_string(actions_) + ", " + header_text(block);
      for (const std::string& digest : block.digests) text += to_hex(digest) + "\n";
    }
  }
  return text;
}

}  // namespace diglim
