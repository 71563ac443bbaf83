// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenario/policy_words.h"

namespace diglab {
namespace {

namespace option = policy_option;

struct OptionName {
  std::uint32_t option;
  std::string_view name;
};
constexpr std::array option_names = {
    OptionName{option::func, "func="},
    OptionName{option::mask | option::inmask, "mask="},
    OptionName{option::fsmagic, "fsmagic="},
    OptionName{option::fsname, "fsname="},
    OptionName{option::fsuuid, "fsuuid="},
    OptionName{option::uid, "uid="},
    OptionName{option::euid, "euid="},
    OptionName{option::gid, "gid="},
    OptionName{option::egid, "egid="},
    OptionName{option::fowner, "fowner="},
    OptionName{option::fgroup, "fgroup="},
    OptionName{option::pcr, "pcr="},
    OptionName{option::keyrings, "keyrings="},
    OptionName{option::label, "label="},
    OptionName{option::digsig_required | option::check_blacklist, "appraise_type="},
    OptionName{option::modsig_allowed, "appraise_type=imasig|modsig"},
    OptionName{option::validate_algos, "appraise_algos="},
    OptionName{option::permit_directio, "permit_directio"},
    OptionName{option::verity_required, "digest_type="},
    OptionName{option::use_diglim, "use_diglim"},
};

constexpr std::uint32_t bit(PolicyAction action) { return 1U << static_cast<unsigned>(action); }

constexpr std::uint32_t any_action = ~0U;
constexpr std::uint32_t measuring = bit(PolicyAction::measure) | bit(PolicyAction::dont_measure);

constexpr std::uint32_t subject = option::uid | option::euid | option::gid | option::egid;
constexpr std::uint32_t object = option::fsmagic | option::fsname | option::fsuuid | option::fowner | option::fgroup;
constexpr std::uint32_t on_files = option::func | option::mask | option::inmask | object | subject | option::pcr |
                                   option::digsig_required | option::permit_directio | option::validate_algos |
                                   option::check_blacklist;

/// What may stand beside each hook: ima_validate_rule's switch as a table.
struct HookRule {
  PolicyFunc func;
  std::uint32_t actions;
  std::uint32_t options;
  std::uint32_t required;
  bool labels;  ///< Security module labels allowed.
};
constexpr std::uint32_t verity_files = on_files | option::verity_required;
constexpr std::uint32_t appended = on_files | option::modsig_allowed;
constexpr std::array hook_rules = {
    HookRule{PolicyFunc::none, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::file_check, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::mmap_check, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::mmap_check_reqprot, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::bprm_check, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::creds_check, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::post_setattr, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::firmware_check, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::policy_check, any_action, verity_files, 0, true},
    HookRule{PolicyFunc::module_check, any_action, appended, 0, true},
    HookRule{PolicyFunc::kexec_kernel_check, any_action, appended, 0, true},
    HookRule{PolicyFunc::kexec_initramfs_check, any_action, appended, 0, true},
    HookRule{PolicyFunc::digest_list_check, any_action, appended, 0, true},
    HookRule{PolicyFunc::kexec_cmdline, measuring, option::func | object | subject | option::pcr, 0, true},
    HookRule{PolicyFunc::key_check, measuring, option::func | option::uid | option::gid | option::pcr | option::keyrings, 0, false},
    HookRule{PolicyFunc::critical_data, measuring, option::func | option::uid | option::gid | option::pcr | option::label, 0, false},
    HookRule{PolicyFunc::setxattr_check, bit(PolicyAction::appraise), option::func | option::validate_algos,
             option::validate_algos, true},
};

/// Options that belong to one action, whatever the hook.
struct ActionRule {
  std::uint32_t options;
  std::uint32_t actions;
  std::string_view text;
};
constexpr std::array action_rules = {
    ActionRule{option::pcr, bit(PolicyAction::measure), "measure"},
    ActionRule{option::digsig_required | option::modsig_allowed | option::check_blacklist | option::validate_algos,
               bit(PolicyAction::appraise), "appraise"},
    ActionRule{option::use_diglim, bit(PolicyAction::measure) | bit(PolicyAction::appraise), "measure and appraise"},
};

/// With our series a CRITICAL_DATA rule may name the effective user as well.
std::uint32_t options_of(const HookRule& hook, const PolicyDialect& dialect) {
  if (!dialect.diglim) return hook.options;
  return hook.options | option::use_diglim | (hook.func == PolicyFunc::critical_data ? option::euid : 0U);
}

}  // namespace

std::string options_text(std::uint32_t options) {
  std::vector<std::string_view> names;
  for (const auto& [bits, name] : option_names) {
    if (options & bits) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string rule_contradiction(const ImaRule& rule, const PolicyDialect& dialect) {
  if (!rule.action) return "no action; expected measure, appraise, audit, hash or a dont_ form";
  for (const auto& [options, actions, text] : action_rules) {
    if ((rule.options & options) && !(actions & bit(*rule.action))) {
      return fmt::format("{} is only for {} rules, not for {}", options_text(rule.options & options), text,
                         to_string(*rule.action));
    }
  }

  const auto& hook = *std::ranges::find(hook_rules, rule.func, &HookRule::func);
  auto where = rule.func == PolicyFunc::none ? std::string("a rule without func=") : fmt::format("func={}", to_string(rule.func));
  if (!(hook.actions & bit(*rule.action))) {
    return fmt::format("'{}' is not possible with {}", to_string(*rule.action), where);
  }
  if (auto missing = hook.required & ~rule.options) return fmt::format("{} needs {}", where, options_text(missing));
  if (auto foreign = rule.options & ~options_of(hook, dialect)) {
    return fmt::format("{} is not possible with {}", options_text(foreign), where);
  }
  if (!hook.labels && !rule.lsm.empty()) return fmt::format("security labels are not possible with {}", where);

  if (rule.action == PolicyAction::appraise && rule.verity && !rule.signature_required) {
    return "appraising digest_type=verity needs appraise_type=sigv3";
  }
  if (rule.use_diglim && rule.action == PolicyAction::measure && rule.pcr.value_or(dialect.default_pcr) == dialect.default_pcr) {
    return fmt::format("use_diglim on a measure rule needs a pcr= other than {}", dialect.default_pcr);
  }
  return {};
}

}  // namespace diglab
