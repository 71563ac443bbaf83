// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/policy_words.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "scenario/kernel_number.h"
#include "scenario/suggest.h"

namespace diglab {
namespace {

namespace option = policy_option;

struct ActionName {
  std::string_view name;
  PolicyAction action;
};
constexpr std::array action_names = {
    ActionName{"measure", PolicyAction::measure},
    ActionName{"dont_measure", PolicyAction::dont_measure},
    ActionName{"appraise", PolicyAction::appraise},
    ActionName{"dont_appraise", PolicyAction::dont_appraise},
    ActionName{"audit", PolicyAction::audit},
    ActionName{"hash", PolicyAction::hash},
    ActionName{"dont_hash", PolicyAction::dont_hash},
};

struct FuncName {
  std::string_view name;
  PolicyFunc func;
};
/// Names that func= takes; the first name of a hook is the one shown.
constexpr std::array func_names = {
    FuncName{"FILE_CHECK", PolicyFunc::file_check},
    FuncName{"PATH_CHECK", PolicyFunc::file_check},
    FuncName{"MODULE_CHECK", PolicyFunc::module_check},
    FuncName{"FIRMWARE_CHECK", PolicyFunc::firmware_check},
    FuncName{"MMAP_CHECK", PolicyFunc::mmap_check},
    FuncName{"FILE_MMAP", PolicyFunc::mmap_check},
    FuncName{"MMAP_CHECK_REQPROT", PolicyFunc::mmap_check_reqprot},
    FuncName{"BPRM_CHECK", PolicyFunc::bprm_check},
    FuncName{"CREDS_CHECK", PolicyFunc::creds_check},
    FuncName{"KEXEC_KERNEL_CHECK", PolicyFunc::kexec_kernel_check},
    FuncName{"KEXEC_INITRAMFS_CHECK", PolicyFunc::kexec_initramfs_check},
    FuncName{"POLICY_CHECK", PolicyFunc::policy_check},
    FuncName{"KEXEC_CMDLINE", PolicyFunc::kexec_cmdline},
    FuncName{"KEY_CHECK", PolicyFunc::key_check},
    FuncName{"CRITICAL_DATA", PolicyFunc::critical_data},
    FuncName{"SETXATTR_CHECK", PolicyFunc::setxattr_check},
    FuncName{"DIGEST_LIST_CHECK", PolicyFunc::digest_list_check},
};

/// Names of the kernel's templates and their formats: template= takes either.
constexpr std::array<std::string_view, 16> template_names = {
    "ima", "d|n", "ima-ng", "d-ng|n-ng", "ima-sig", "d-ng|n-ng|sig", "ima-ngv2", "d-ngv2|n-ng", "ima-sigv2",
    "d-ngv2|n-ng|sig", "ima-buf", "d-ng|n-ng|buf", "ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig", "evm-sig",
    "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"};

/// hash_algo_name of the kernel: what appraise_algos= can name at all.
constexpr std::array<std::string_view, 23> hash_names = {
    "md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "rmd128", "rmd256", "rmd320", "wp256",
    "wp384", "wp512", "tgr128", "tgr160", "tgr192", "sm3", "streebog256", "streebog512", "sha3-256", "sha3-384", "sha3-512"};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string unexpected(std::string_view what, std::string_view value, std::span<const std::string_view> known) {
  return fmt::format("unknown {} '{}'{}; expected one of {}", what, value, did_you_mean(value, known), comma_list(known));
}

std::string action(const PolicyWord& word, std::string_view, ImaRule& rule, const PolicyDialect&) {
  if (rule.action) return fmt::format("a second action; the rule already has '{}'", to_string(*rule.action));
  rule.action = std::ranges::find(action_names, word.pattern, &ActionName::name)->action;
  return {};
}

std::string func(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect& dialect) {
  if (rule.func != PolicyFunc::none) return "a second func=";
  auto found = std::ranges::find(func_names, value, &FuncName::name);
  if (found == func_names.end()) {
    std::vector<std::string_view> known;
    for (const auto& entry : func_names) {
      if (entry.func != PolicyFunc::digest_list_check || dialect.diglim) known.push_back(entry.name);
    }
    return unexpected("hook", value, known);
  }
  if (found->func == PolicyFunc::key_check && !dialect.keyrings) return "this kernel does not measure keys";
  if (found->func == PolicyFunc::digest_list_check && !dialect.diglim) return "this kernel has no digest lists";
  rule.func = found->func;
  rule.options |= option::func;
  return {};
}

std::string mask(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  constexpr std::array<std::string_view, 4> known = {"MAY_EXEC", "MAY_WRITE", "MAY_READ", "MAY_APPEND"};
  if (!rule.mask.empty()) return "a second mask=";
  bool any = value.starts_with('^');
  auto name = value.substr(any ? 1 : 0);
  if (std::ranges::find(known, name) == known.end()) return unexpected("access", value, known);
  rule.mask = value;
  rule.options |= any ? option::inmask : option::mask;
  return {};
}

std::string fsmagic(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  if (rule.fsmagic.value_or(0) != 0) return "a second fsmagic=";
  rule.fsmagic = kernel_unsigned(value, 16);
  if (!rule.fsmagic) return "expected a hexadecimal number of at most 64 bits";
  rule.options |= option::fsmagic;
  return {};
}

std::string fsname(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  rule.fsname = value;  // A second one replaces the first, as in the kernel.
  rule.options |= option::fsname;
  return {};
}

/// The kernel reads the 36 characters of a UUID and does not look at what follows.
std::string fsuuid(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  constexpr std::size_t length = 36;
  bool is_set = rule.fsuuid.find_first_not_of("0-") != std::string::npos;
  if (is_set) return "a second fsuuid=";
  bool valid = value.size() >= length;
  for (std::size_t i = 0; valid && i < length; ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    valid = dash ? value[i] == '-' : std::isxdigit(static_cast<unsigned char>(value[i])) != 0;
  }
  if (!valid) return "expected a UUID: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  rule.fsuuid = value.substr(0, length);
  rule.options |= option::fsuuid;
  return {};
}

/// uid, gid and the like: the pattern's first letters say which, its last one how it is compared.
std::string id(const PolicyWord& word, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  struct Target {
    std::string_view name;
    std::optional<IdCondition> ImaRule::* member;
    std::uint32_t option;
    bool effective;
  };
  static constexpr std::array targets = {
      Target{"uid", &ImaRule::uid, option::uid, false},          Target{"euid", &ImaRule::uid, option::euid, true},
      Target{"gid", &ImaRule::gid, option::gid, false},          Target{"egid", &ImaRule::gid, option::egid, true},
      Target{"fowner", &ImaRule::fowner, option::fowner, false}, Target{"fgroup", &ImaRule::fgroup, option::fgroup, false},
  };
  auto name = word.pattern.substr(0, word.pattern.size() - 1);
  const auto& target = *std::ranges::find(targets, name, &Target::name);
  auto& condition = rule.*target.member;
  if (condition) return fmt::format("a second condition on {}", name.ends_with("id") ? name.substr(name.size() - 3) : name);

  constexpr std::uint64_t invalid = 0xffffffff;  // (uid_t)-1 is no user.
  auto number = kernel_unsigned(value, 10);
  if (!number || *number >= invalid) return "expected a decimal number from 0 to 4294967294";
  char comparison = word.pattern.back();
  condition = IdCondition{comparison == '=' ? IdCondition::Is::equal
                                            : (comparison == '>' ? IdCondition::Is::greater : IdCondition::Is::less),
                          static_cast<std::uint32_t>(*number), target.effective};
  rule.options |= target.option;
  return {};
}

std::string lsm_label(const PolicyWord& word, std::string_view value, ImaRule& rule, const PolicyDialect& dialect) {
  if (!dialect.lsm_labels && !dialect.custom_policy) return "this kernel has no security module that defines labels";
  auto starts = [&](const std::string& other) { return other.starts_with(word.pattern); };
  if (dialect.lsm_labels && std::ranges::any_of(rule.lsm, starts)) return fmt::format("a second {}", word.pattern);
  rule.lsm.push_back(fmt::format("{}{}", word.pattern, value));
  return {};
}

std::string digest_type(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  if (rule.options & option::digsig_required) return "digest_type= must stand before appraise_type=";
  if (value != "verity") return fmt::format("unknown digest type '{}'; expected verity", value);
  rule.verity = true;
  rule.options |= option::verity_required;
  return {};
}

std::string appraise_type(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect& dialect) {
  std::vector<std::string_view> known = {"imasig", "sigv3"};
  if (dialect.modsig) known.push_back("imasig|modsig");
  if (std::ranges::find(known, value) == known.end()) return unexpected("appraise type", value, known);
  if (value == "sigv3" && !rule.verity) return "sigv3 is for digest_type=verity, which must stand before it";
  if (value != "sigv3" && rule.verity) return "digest_type=verity needs appraise_type=sigv3";
  rule.signature_required = true;
  rule.options |= option::digsig_required | option::check_blacklist;
  if (value == "imasig|modsig") {
    rule.modsig_allowed = true;
    rule.options |= option::modsig_allowed;
  }
  return {};
}

/// The blacklist is always checked; the word is kept for old policies, and the kernel does not look at its value.
std::string appraise_flag(const PolicyWord&, std::string_view, ImaRule&, const PolicyDialect&) { return {}; }

std::string appraise_algos(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect& dialect) {
  if (!rule.algorithms.empty()) return "a second appraise_algos=";
  for (auto name : split(value, ',')) {
    if (std::ranges::find(hash_names, name) == hash_names.end()) return unexpected("hash", name, hash_names);
    if (std::ranges::find(dialect.hashes, name) == dialect.hashes.end()) {
      return fmt::format("this kernel cannot compute '{}'", name);
    }
    rule.algorithms.emplace_back(name);
  }
  rule.options |= option::validate_algos;
  return {};
}

std::string permit_directio(const PolicyWord&, std::string_view, ImaRule& rule, const PolicyDialect&) {
  rule.permit_directio = true;
  rule.options |= option::permit_directio;
  return {};
}

/// The kernel keeps PCRs in a machine word: it accepts 0 to 63, and a later pcr= replaces an earlier one.
std::string pcr(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  auto number = kernel_int(value);
  if (!number || *number < 0 || *number > 63) return "expected a PCR number: 0 to 23";
  rule.pcr = number;
  rule.options |= option::pcr;
  return {};
}

std::string template_name(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  if (rule.action != PolicyAction::measure) return "template= is for measure rules, and must stand after 'measure'";
  if (!rule.template_name.empty()) return "a second template=";
  if (std::ranges::find(template_names, value) == template_names.end()) return unexpected("template", value, template_names);
  rule.template_name = value;
  return {};
}

std::string opt_list(std::string_view value, std::vector<std::string>& list) {
  if (!list.empty()) return "given twice";
  std::vector<std::string> items;
  for (auto item : split(value, '|')) {
    if (item.empty()) return "an empty item; expected names separated by '|'";
    items.emplace_back(item);
  }
  list = std::move(items);
  return {};
}

std::string keyrings(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect& dialect) {
  if (!dialect.keyrings) return "this kernel does not measure keys";
  rule.options |= option::keyrings;
  return opt_list(value, rule.keyrings);
}

std::string label(const PolicyWord&, std::string_view value, ImaRule& rule, const PolicyDialect&) {
  rule.options |= option::label;
  return opt_list(value, rule.labels);
}

std::string use_diglim(const PolicyWord&, std::string_view, ImaRule& rule, const PolicyDialect& dialect) {
  if (!dialect.diglim) return "this kernel has no digest lists";
  rule.use_diglim = true;
  rule.options |= option::use_diglim;
  return {};
}

constexpr PolicyWord words[] = {
    {"measure", false, action},
    {"dont_measure", false, action},
    {"appraise", false, action},
    {"dont_appraise", false, action},
    {"audit", false, action},
    {"hash", false, action},
    {"dont_hash", false, action},
    {"obj_user=", true, lsm_label},
    {"obj_role=", true, lsm_label},
    {"obj_type=", true, lsm_label},
    {"subj_user=", true, lsm_label},
    {"subj_role=", true, lsm_label},
    {"subj_type=", true, lsm_label},
    {"func=", true, func},
    {"mask=", true, mask},
    {"fsmagic=", true, fsmagic},
    {"fsname=", true, fsname},
    {"fsuuid=", true, fsuuid},
    {"uid=", true, id},
    {"euid=", true, id},
    {"gid=", true, id},
    {"egid=", true, id},
    {"fowner=", true, id},
    {"fgroup=", true, id},
    {"uid>", true, id},
    {"euid>", true, id},
    {"gid>", true, id},
    {"egid>", true, id},
    {"fowner>", true, id},
    {"fgroup>", true, id},
    {"uid<", true, id},
    {"euid<", true, id},
    {"gid<", true, id},
    {"egid<", true, id},
    {"fowner<", true, id},
    {"fgroup<", true, id},
    {"digest_type=", true, digest_type},
    {"appraise_type=", true, appraise_type},
    {"appraise_flag=", true, appraise_flag},
    {"appraise_algos=", true, appraise_algos},
    {"permit_directio", false, permit_directio},
    {"pcr=", true, pcr},
    {"template=", true, template_name},
    {"keyrings=", true, keyrings},
    {"label=", true, label},
    {"use_diglim", false, use_diglim},
};

}  // namespace

std::span<const PolicyWord> policy_words() { return words; }

const PolicyWord* find_policy_word(std::string_view token, std::string_view& value) {
  for (const auto& word : words) {
    if (!word.has_value ? token == word.pattern : token.starts_with(word.pattern) && token.size() > word.pattern.size()) {
      value = token.substr(word.pattern.size());
      return &word;
    }
  }
  return nullptr;
}

std::string_view to_string(PolicyAction action) {
  return std::ranges::find(action_names, action, &ActionName::action)->name;
}

std::string_view to_string(PolicyFunc func) {
  auto found = std::ranges::find(func_names, func, &FuncName::func);
  return found == func_names.end() ? "none" : found->name;
}

}  // namespace diglab
