// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/fields.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "scenario/suggest.h"

namespace diglab {
namespace {

/// What YAML readers take for something else than text when it is not quoted: booleans, nulls, numbers.
bool looks_typed(const YamlNode& node) {
  static constexpr std::string_view typed[] = {"true", "false", "yes", "no", "on", "off", "null", "~"};
  if (node.quoted) return false;
  if (std::ranges::find(typed, node.text) != std::end(typed)) return true;
  double number = 0;
  const char* end = node.text.data() + node.text.size();
  const char* start = node.text.data() + (node.text.starts_with('+') ? 1 : 0);
  auto [stop, fault] = std::from_chars(start, end, number);
  return start != end && stop == end && std::isalpha(static_cast<unsigned char>(*start)) == 0;
}

}  // namespace

Fields::Fields(const YamlNode& node, const KeyTable& table, Problems& problems) : node_(node), problems_(problems) {
  if (!valid()) {
    problems.add(node.at, fmt::format("expected a mapping for '{}' with keys out of {}, found {}", table.object,
                                      comma_list(table.keys), node.describe()));
    return;
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto& key = node.keys[i];
    if (key.kind != YamlNode::Kind::scalar) {
      problems.add(key.at, fmt::format("expected a key of '{}', found {}", table.object, key.describe()));
      continue;
    }
    if (std::ranges::find(table.keys, key.text) == table.keys.end()) {
      problems.add(key.at, fmt::format("unknown key '{}' in {}{}; expected one of {}", key.text, table.object,
                                       did_you_mean(key.text, table.keys), comma_list(table.keys)));
    }
    auto earlier = node.keys.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::ranges::find(node.keys.begin(), earlier, key.text, &YamlNode::text) != earlier) {
      problems.add(key.at, fmt::format("the key '{}' stands twice in this mapping", key.text));
    }
  }
  for (auto key : table.required) {
    if (!find(key)) problems.add(node.at, fmt::format("the key '{}' is missing in {}", key, table.object));
  }
}

const YamlNode* Fields::find(std::string_view key) const {
  auto found = std::ranges::find(node_.keys, key, &YamlNode::text);
  if (!valid() || found == node_.keys.end()) return nullptr;
  return &node_.items[static_cast<std::size_t>(found - node_.keys.begin())];
}

Position Fields::key_at(std::string_view key) const {
  auto found = std::ranges::find(node_.keys, key, &YamlNode::text);
  return found == node_.keys.end() ? node_.at : found->at;
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const auto* node = find(key);
  return node ? read_text(*node, key, problems_) : std::nullopt;
}
std::optional<int> Fields::integer(std::string_view key, int least, int most) const {
  const auto* node = find(key);
  return node ? read_integer(*node, key, least, most, problems_) : std::nullopt;
}
std::optional<bool> Fields::boolean(std::string_view key) const {
  const auto* node = find(key);
  return node ? read_boolean(*node, key, problems_) : std::nullopt;
}
std::optional<std::string> Fields::word(std::string_view key, const WordTable& table) const {
  const auto* node = find(key);
  return node ? read_word(*node, key, table, problems_) : std::nullopt;
}
std::optional<std::string> Fields::path(std::string_view key) const {
  const auto* node = find(key);
  return node ? read_path(*node, key, problems_) : std::nullopt;
}
std::vector<std::string> Fields::texts(std::string_view key) const {
  const auto* node = find(key);
  return node ? read_texts(*node, key, problems_) : std::vector<std::string>{};
}

std::optional<std::string> read_text(const YamlNode& node, std::string_view what, Problems& problems) {
  if (node.kind != YamlNode::Kind::scalar || looks_typed(node)) {
    problems.add(node.at, fmt::format("'{}': expected text, found {}{}", what, node.describe(),
                                      node.kind == YamlNode::Kind::scalar ? "; put it in quotes if text is meant" : ""));
    return std::nullopt;
  }
  if (node.text.find_first_not_of(" \t\n") == std::string::npos) {
    problems.add(node.at, fmt::format("'{}': expected text, found nothing but blanks", what));
    return std::nullopt;
  }
  return node.text;
}

std::optional<int> read_integer(const YamlNode& node, std::string_view what, int least, int most, Problems& problems) {
  int value = 0;
  const char* end = node.text.data() + node.text.size();
  auto [stop, fault] = std::from_chars(node.text.data(), end, value);
  bool number = node.kind == YamlNode::Kind::scalar && !node.quoted && stop == end && fault == std::errc{};
  if (!number || value < least || value > most) {
    problems.add(node.at, fmt::format("'{}': expected a whole number from {} to {}, found {}", what, least, most, node.describe()));
    return std::nullopt;
  }
  return value;
}

std::optional<bool> read_boolean(const YamlNode& node, std::string_view what, Problems& problems) {
  bool plain = node.kind == YamlNode::Kind::scalar && !node.quoted;
  if (plain && node.text == "true") return true;
  if (plain && node.text == "false") return false;
  problems.add(node.at, fmt::format("'{}': expected true or false, found {}", what, node.describe()));
  return std::nullopt;
}

std::optional<std::string> read_word(const YamlNode& node, std::string_view what, const WordTable& table, Problems& problems) {
  if (node.kind == YamlNode::Kind::scalar && std::ranges::find(table.words, node.text) != table.words.end()) return node.text;
  problems.add(node.at, fmt::format("'{}': expected one of {}, found {}{}", what, comma_list(table.words), node.describe(),
                                    did_you_mean(node.text, table.words)));
  return std::nullopt;
}

std::optional<std::string> read_path(const YamlNode& node, std::string_view what, Problems& problems) {
  auto text = read_text(node, what, problems);
  if (text && !text->starts_with('/')) {
    problems.add(node.at, fmt::format("'{}': expected an absolute path in the guest, found {}", what, node.describe()));
    return std::nullopt;
  }
  return text;
}

bool is_list(const YamlNode& node, std::string_view what, Problems& problems) {
  if (node.kind == YamlNode::Kind::sequence) return true;
  problems.add(node.at, fmt::format("'{}': expected a list, found {}", what, node.describe()));
  return false;
}

std::vector<std::string> read_texts(const YamlNode& node, std::string_view what, Problems& problems) {
  std::vector<std::string> texts;
  if (!is_list(node, what, problems)) return texts;
  for (const auto& item : node.items) {
    if (auto text = read_text(item, what, problems)) texts.push_back(std::move(*text));
  }
  return texts;
}

std::string read_name(const YamlNode& node, std::string_view what, Problems& problems) {
  auto letter_or_digit = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  auto allowed = [&](char c) { return letter_or_digit(c) || c == '-' || c == '_' || c == '.'; };
  auto name = read_text(node, what, problems);
  if (!name) return {};
  if (letter_or_digit(name->front()) && std::ranges::all_of(*name, allowed)) return *name;
  problems.add(node.at, fmt::format("'{}': expected a name of letters, digits, '-', '_' and '.', found {}", what, node.describe()));
  return {};
}

}  // namespace diglab
