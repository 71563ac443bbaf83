// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/keys.h"
#include "scenario/yaml_tree.h"

namespace diglab {

/// One mapping of a scenario file, read strictly against its table of keys.
///
/// Making one reports a node that is no mapping, unknown keys with near matches, duplicate and missing keys. Reading a
/// field reports a wrong type. Whoever reads goes on after a problem: the Problems decide in the end.
class Fields {
 public:
  Fields(const YamlNode& node, const KeyTable& table, Problems& problems);

  [[nodiscard]] bool valid() const { return node_.kind == YamlNode::Kind::mapping; }
  [[nodiscard]] Position at() const { return node_.at; }
  [[nodiscard]] Problems& problems() const { return problems_; }

  /// The value of a key, or nullptr.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  /// Where the key itself stands; the mapping's place if it is absent.
  [[nodiscard]] Position key_at(std::string_view key) const;

  std::optional<std::string> text(std::string_view key) const;
  std::optional<int> integer(std::string_view key, int least, int most) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> word(std::string_view key, const WordTable& table) const;
  std::vector<std::string> texts(std::string_view key) const;
  /// An absolute path in the guest.
  std::optional<std::string> path(std::string_view key) const;

 private:
  const YamlNode& node_;
  Problems& problems_;
};

// The same for values that are not a key's: elements of lists.
std::optional<std::string> read_text(const YamlNode& node, std::string_view what, Problems& problems);
std::optional<int> read_integer(const YamlNode& node, std::string_view what, int least, int most, Problems& problems);
std::optional<bool> read_boolean(const YamlNode& node, std::string_view what, Problems& problems);
std::optional<std::string> read_word(const YamlNode& node, std::string_view what, const WordTable& table, Problems& problems);
std::optional<std::string> read_path(const YamlNode& node, std::string_view what, Problems& problems);
std::vector<std::string> read_texts(const YamlNode& node, std::string_view what, Problems& problems);
/// Reports anything that is not a list.
bool is_list(const YamlNode& node, std::string_view what, Problems& problems);

/// A name of a step, check or snapshot: letters, digits, '-', '_' and '.', starting with a letter or digit.
/// Empty when it was wrong, and reported.
std::string read_name(const YamlNode& node, std::string_view what, Problems& problems);

}  // namespace diglab
