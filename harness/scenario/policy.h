// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scenario/problems.h"

namespace diglab {

/// What the kernel that will read a policy was built with and has already been told: IMA's grammar depends on it.
struct PolicyDialect {
  bool lsm_labels = false;     ///< obj_type= and the like: CONFIG_IMA_LSM_RULES and a security module that defines labels.
  bool custom_policy = false;  ///< A policy was loaded before: the kernel then accepts undefined labels, as rules that never match.
  bool modsig = true;          ///< CONFIG_IMA_APPRAISE_MODSIG
  bool keyrings = true;        ///< CONFIG_IMA_MEASURE_ASYMMETRIC_KEYS
  bool diglim = false;         ///< Our series: func=DIGEST_LIST_CHECK and use_diglim.
  int default_pcr = 10;        ///< CONFIG_IMA_MEASURE_PCR_IDX
  /// Hashes the kernel can compute, by the names that appraise_algos= takes.
  std::vector<std::string> hashes = {"md5",    "sha1",     "sha224",   "sha256",  "sha384",
                                     "sha512", "sha3-256", "sha3-384", "sha3-512"};
};

/// The dialect of one of our kernels, by the name of its flavour: those with "diglim" in the name know our words.
[[nodiscard]] PolicyDialect dialect_of(std::string_view kernel_flavour);

enum class PolicyAction { measure, dont_measure, appraise, dont_appraise, audit, hash, dont_hash };
enum class PolicyFunc {
  none,  ///< No func=: the rule is for every hook.
  file_check,
  mmap_check,
  mmap_check_reqprot,
  bprm_check,
  creds_check,
  post_setattr,  ///< Not writable in a policy; part of the kernel's set.
  module_check,
  firmware_check,
  kexec_kernel_check,
  kexec_initramfs_check,
  policy_check,
  kexec_cmdline,
  key_check,
  critical_data,
  setxattr_check,
  digest_list_check,
};

/// uid=, uid> or uid<.
struct IdCondition {
  enum class Is { equal, greater, less };
  Is is = Is::equal;
  std::uint32_t id = 0;
  bool effective = false;  ///< euid, egid.
};

/// One rule, as the kernel would hold it.
struct ImaRule {
  int line = 0;
  std::string text;  ///< As written, without surrounding blanks.
  std::optional<PolicyAction> action;
  PolicyFunc func = PolicyFunc::none;
  std::string mask;  ///< "MAY_EXEC"; with '^' in front: any access that includes it.
  std::optional<std::uint64_t> fsmagic;
  std::string fsname;
  std::string fsuuid;
  std::optional<IdCondition> uid, gid, fowner, fgroup;
  std::optional<int> pcr;
  std::string template_name;
  std::vector<std::string> keyrings, labels;
  std::vector<std::string> algorithms;  ///< appraise_algos=
  std::vector<std::string> lsm;         ///< Label conditions as written.
  bool signature_required = false;      ///< appraise_type=imasig, sigv3 or imasig|modsig.
  bool modsig_allowed = false;
  bool verity = false;
  bool permit_directio = false;
  bool use_diglim = false;
  std::uint32_t options = 0;            ///< Bits of policy_words.h: which options are set.
};

struct ImaPolicy {
  std::vector<ImaRule> rules;
  /// Accepted by the kernel, but hardly meant: "pcr=30: a TPM has PCRs 0 to 23".
  std::vector<std::string> warnings;
};

/// Why the kernel refuses a rule. `column` counts from 1 within the rule's line.
struct PolicyProblem {
  int line = 0;
  int column = 1;
  std::string token;
  std::string reason;
};

struct PolicyReading {
  ImaPolicy policy;
  std::vector<PolicyProblem> problems;
};

/// Reads a policy as Linux 6.12 does (security/integrity/ima/ima_policy.c), but goes on after a wrong rule.
/// One problem per rule: the kernel stops there as well.
[[nodiscard]] PolicyReading read_policy(std::string_view text, int first_line = 1, const PolicyDialect& dialect = {});

/// The same as a Result: the error has a line "file:line:column: 'token': reason" per wrong rule.
Result<ImaPolicy> parse_policy(std::string_view text, const std::string& file = "policy", int first_line = 1,
                               const PolicyDialect& dialect = {});

/// What the validator says about one rule: nothing when it is right.
[[nodiscard]] std::optional<PolicyProblem> rule_problem(std::string_view rule, const PolicyDialect& dialect = {});

/// A rule of a corpus: one per line; '!' before those that must be refused; blank lines and '#' comments are passed over.
struct CorpusRule {
  int line = 0;
  std::string text;      ///< Exactly what the kernel is offered.
  bool refused = false;
};
[[nodiscard]] std::vector<CorpusRule> read_corpus(std::string_view text);

}  // namespace diglab
