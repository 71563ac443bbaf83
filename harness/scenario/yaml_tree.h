// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenario/problems.h"

namespace diglab {

/// One node of a YAML document, with the place where it stands.
///
/// Made from yaml-cpp's events instead of its node type, because the latter forgets what a strict
/// reader needs: duplicate keys, whether a scalar was quoted (`"7"` is text, `7` a number), and aliases.
struct YamlNode {
  enum class Kind { null, scalar, sequence, mapping };

  Kind kind = Kind::null;
  Position at;
  std::string text = {};             ///< Scalar: its value.
  bool quoted = false;          ///< Scalar: written in quotes or as a block, so text whatever it looks like.
  std::vector<YamlNode> keys = {};   ///< Mapping: parallel to items.
  std::vector<YamlNode> items = {};  ///< Sequence: elements. Mapping: values.

  /// "a mapping", "the number 7", "the text 'x'": for messages.
  [[nodiscard]] std::string describe() const;
};

/// Reads exactly one document. Syntax errors, a second document, aliases without end and tags are noted
/// as problems; nothing is returned when the text cannot be read at all.
std::optional<YamlNode> read_yaml(const std::string& text, Problems& problems);

}  // namespace diglab
