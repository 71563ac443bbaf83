// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace diglab {

/// The keys that one kind of mapping may have. `object` is also the name of its definition in scenarios/schema.json
/// and of its table in docs/writing-a-scenario.md; tests hold the three together.
struct KeyTable {
  std::string_view object;
  std::vector<std::string_view> keys;
  std::vector<std::string_view> required = {};
};

/// The words that one kind of value may be.
struct WordTable {
  std::string_view name;
  std::vector<std::string_view> words;
};

namespace keys {
extern const KeyTable scenario, skip_unless, machine, initramfs, smbios, step, expect, text, start, act, write, sign_list, policy_corpus, reboot, repeat, check, pcr, log_entry,
    log_only, ktap, denial, console, control, tamper, opposite;
[[nodiscard]] std::span<const KeyTable* const> all();
}  // namespace keys

namespace words {
/// `act`: what the agent can do; `step_kind` and `check_kind` are also keys of step and check.
extern const WordTable action, open_mode, in, attest, across, predicted_from, log_set, boot, step_kind, check_kind, bank, user, source, acceleration, suite, digest_lists,
    initramfs_lists, list_key;
[[nodiscard]] std::span<const WordTable* const> all();
}  // namespace words

}  // namespace diglab
