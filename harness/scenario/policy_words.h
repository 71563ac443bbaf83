// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "scenario/policy.h"

namespace diglab {

/// The kernel's flag bits for options (IMA_FUNC ... in ima_policy.c, IMA_DIGSIG_REQUIRED ... in ima.h), by our own numbers.
namespace policy_option {
enum : std::uint32_t {
  func = 1U << 0,
  mask = 1U << 1,
  fsmagic = 1U << 2,
  uid = 1U << 3,
  fowner = 1U << 4,
  fsuuid = 1U << 5,
  inmask = 1U << 6,
  euid = 1U << 7,
  pcr = 1U << 8,
  fsname = 1U << 9,
  keyrings = 1U << 10,
  label = 1U << 11,
  validate_algos = 1U << 12,
  gid = 1U << 13,
  egid = 1U << 14,
  fgroup = 1U << 15,
  digsig_required = 1U << 16,
  modsig_allowed = 1U << 17,
  check_blacklist = 1U << 18,
  permit_directio = 1U << 19,
  verity_required = 1U << 20,
  use_diglim = 1U << 21,
};
}  // namespace policy_option

/// One word of the policy language, in the order of the kernel's policy_tokens.
struct PolicyWord {
  /// "measure", or with a value "func=", "uid>".
  std::string_view pattern;
  bool has_value;
  /// Applies the word to the rule being read: an empty string, or the reason for refusing it.
  std::string (*apply)(const PolicyWord& word, std::string_view value, ImaRule& rule, const PolicyDialect& dialect);
};

[[nodiscard]] std::span<const PolicyWord> policy_words();

/// Finds the word that a token is, or nullptr. `value` receives what follows the operator.
[[nodiscard]] const PolicyWord* find_policy_word(std::string_view token, std::string_view& value);

[[nodiscard]] std::string_view to_string(PolicyAction action);
[[nodiscard]] std::string_view to_string(PolicyFunc func);

/// "pcr=, keyrings=" for a set of options: for messages.
[[nodiscard]] std::string options_text(std::uint32_t options);

/// The cross-rules: which options go with which action and hook (ima_validate_rule). Empty, or the reason.
[[nodiscard]] std::string rule_contradiction(const ImaRule& rule, const PolicyDialect& dialect);

}  // namespace diglab
