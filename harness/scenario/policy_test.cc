// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/policy.h"

#include <gmock/gmock.h>

#include "base/source_directory.h"
#include "os/files.h"
#include "scenario/kernel_number.h"
#include "scenario/policy_words.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ImaRule one_rule(std::string_view text, const PolicyDialect& dialect = {}) {
  auto reading = read_policy(text, 1, dialect);
  EXPECT_TRUE(reading.problems.empty()) << text << ": " << reading.problems.front().reason;
  return reading.policy.rules.empty() ? ImaRule{} : reading.policy.rules.front();
}

std::string refusal(std::string_view text, const PolicyDialect& dialect = {}) {
  auto problem = rule_problem(text, dialect);
  return problem ? problem->reason : "accepted";
}

/// The marks in the corpus were compared with a real kernel; scenario policy/validate does it again.
TEST(ThePolicyValidator, agrees_with_every_mark_of_the_corpus) {
  auto text = read_file(source_directory() / "scenarios/policy/corpus.ima");
  ASSERT_TRUE(text);
  auto corpus = read_corpus(*text);
  ASSERT_GE(corpus.size(), 150U);
  for (const auto& rule : corpus) {
    auto problem = rule_problem(rule.text);
    EXPECT_EQ(problem.has_value(), rule.refused) << "line " << rule.line << ": " << rule.text << (problem ? ": " + problem->reason : "");
  }
}

TEST(ThePolicyValidator, uses_every_word_of_the_kernel_in_the_corpus) {
  auto text = read_file(source_directory() / "scenarios/policy/corpus.ima");
  ASSERT_TRUE(text);
  auto corpus = read_corpus(*text);
  for (const auto& word : policy_words()) {
    auto names = [&](const CorpusRule& rule) { return (" " + rule.text).find(" " + std::string(word.pattern)) != std::string::npos; };
    EXPECT_TRUE(std::ranges::any_of(corpus, names)) << word.pattern;
  }
}

TEST(ThePolicyValidator, types_what_it_reads) {
  auto rule = one_rule("appraise func=BPRM_CHECK mask=^MAY_EXEC fsmagic=0xef53 euid>999 fowner=0 appraise_type=imasig appraise_algos=sha256,sha512");
  EXPECT_EQ(rule.action, PolicyAction::appraise);
  EXPECT_EQ(rule.func, PolicyFunc::bprm_check);
  EXPECT_EQ(rule.mask, "^MAY_EXEC");
  EXPECT_EQ(rule.fsmagic, 0xef53U);
  ASSERT_TRUE(rule.uid);
  EXPECT_EQ(rule.uid->is, IdCondition::Is::greater);
  EXPECT_EQ(rule.uid->id, 999U);
  EXPECT_TRUE(rule.uid->effective);
  EXPECT_EQ(rule.fowner->id, 0U);
  EXPECT_TRUE(rule.signature_required);
  EXPECT_FALSE(rule.modsig_allowed);
  EXPECT_THAT(rule.algorithms, ElementsAre("sha256", "sha512"));
  auto keys = one_rule("measure func=KEY_CHECK keyrings=.ima|.evm pcr=11");
  EXPECT_THAT(keys.keyrings, ElementsAre(".ima", ".evm"));
  EXPECT_EQ(keys.pcr, 11);
}

TEST(ThePolicyValidator, names_file_line_column_token_and_reason_of_every_wrong_rule) {
  auto policy = parse_policy("measure func=BPRM_CHECK\n\n# comment\n  appraise  func=BPRM_CHEK\nmeasure pcr=99\n", "my.policy");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(policy.error().message(), HasSubstr("my.policy:4:13: 'func=BPRM_CHEK': unknown hook 'BPRM_CHEK' (did you mean 'BPRM_CHECK'?)"));
  EXPECT_THAT(policy.error().message(), HasSubstr("\nmy.policy:5:9: 'pcr=99': expected a PCR number"));
}

TEST(ThePolicyValidator, says_what_a_mistyped_word_should_have_been) {
  EXPECT_EQ(refusal("mesure func=BPRM_CHECK"), "unknown word (did you mean 'measure'?)");
  EXPECT_EQ(refusal("measure fucn=BPRM_CHECK"), "unknown word (did you mean 'func='?)");
  EXPECT_EQ(refusal("measure uid="), "a value is missing");
  EXPECT_EQ(refusal("measure permit_directio=1"), "'permit_directio' takes no value");
}

TEST(ThePolicyValidator, refuses_what_the_kernel_would_read_as_something_else) {
  EXPECT_THAT(refusal("/etc/ima/policy"), HasSubstr("file name"));
  EXPECT_THAT(refusal("measure fsname=" + std::string(5000, 'x')), HasSubstr("longer than 4094"));
  EXPECT_THAT(refusal(std::string_view("measure\0x", 9)), HasSubstr("NUL"));
  EXPECT_THAT(refusal("measure func=BPRM_CHECK\r"), HasSubstr("unknown hook"));
}

TEST(ThePolicyValidator, warns_of_a_pcr_that_no_tpm_has) {
  auto reading = read_policy("measure pcr=24\nmeasure pcr=23");
  EXPECT_EQ(reading.policy.rules.size(), 2U);
  EXPECT_THAT(reading.policy.warnings, ElementsAre(HasSubstr("line 1: pcr=24")));
}

TEST(ThePolicyValidator, knows_the_words_of_digest_lists_when_the_kernel_does) {
  auto diglim = dialect_of("diglim-kasan");
  EXPECT_TRUE(one_rule("measure func=DIGEST_LIST_CHECK pcr=11", diglim).pcr);
  EXPECT_TRUE(one_rule("measure func=BPRM_CHECK use_diglim pcr=11", diglim).use_diglim);
  EXPECT_TRUE(one_rule("appraise func=DIGEST_LIST_CHECK appraise_type=imasig|modsig", diglim).modsig_allowed);
  EXPECT_TRUE(one_rule("measure func=CRITICAL_DATA label=diglim euid=0", diglim).uid);
  EXPECT_THAT(refusal("measure func=BPRM_CHECK use_diglim", diglim), HasSubstr("needs a pcr= other than 10"));
  EXPECT_THAT(refusal("measure func=BPRM_CHECK use_diglim pcr=10", diglim), HasSubstr("needs a pcr= other than 10"));
  EXPECT_THAT(refusal("dont_measure func=BPRM_CHECK use_diglim", diglim), HasSubstr("only for measure and appraise"));
  EXPECT_THAT(refusal("measure func=BPRM_CHECK use_diglim=allow pcr=11", diglim), HasSubstr("takes no value"));
  EXPECT_THAT(refusal("measure func=DIGEST_LIST_CHECK pcr=11", dialect_of("stock")), HasSubstr("no digest lists"));
}

TEST(ThePolicyValidator, follows_what_the_kernel_was_built_with) {
  PolicyDialect bare{.modsig = false, .keyrings = false, .hashes = {"sha256"}};
  EXPECT_THAT(refusal("appraise func=MODULE_CHECK appraise_type=imasig|modsig", bare), HasSubstr("unknown appraise type"));
  EXPECT_THAT(refusal("measure func=KEY_CHECK", bare), HasSubstr("does not measure keys"));
  EXPECT_THAT(refusal("appraise appraise_algos=sha1", bare), HasSubstr("cannot compute 'sha1'"));
  PolicyDialect labels{.lsm_labels = true, .hashes = {}};
  EXPECT_THAT(one_rule("measure obj_type=bin_t subj_type=init_t", labels).lsm, ElementsAre("obj_type=bin_t", "subj_type=init_t"));
  EXPECT_THAT(refusal("measure obj_type=a obj_type=b", labels), HasSubstr("a second obj_type="));
  EXPECT_THAT(refusal("measure func=KEY_CHECK subj_user=u", labels), HasSubstr("labels are not possible"));
  // After a first policy the kernel lets undefined labels pass, even twice: such a rule never matches.
  PolicyDialect later{.custom_policy = true, .hashes = {}};
  EXPECT_EQ(refusal("measure obj_type=a obj_type=b", later), "accepted");
}

TEST(AKernelNumber, is_read_as_kstrtoul_does) {
  EXPECT_EQ(kernel_unsigned("+7", 10), 7U);
  EXPECT_EQ(kernel_unsigned("0x1f", 16), 31U);
  EXPECT_EQ(kernel_unsigned("7\n", 10), 7U);
  for (auto wrong : {"", "+", "-1", "0x", "1 ", " 1", "++1", "18446744073709551616"}) EXPECT_FALSE(kernel_unsigned(wrong, 10)) << wrong;
  EXPECT_FALSE(kernel_unsigned("0x", 16));
  EXPECT_EQ(kernel_int("-2147483648"), -2147483648);
  EXPECT_FALSE(kernel_int("2147483648"));
  EXPECT_FALSE(kernel_int("-+1"));
}

TEST(ACorpus, marks_refused_rules) {
  auto rules = read_corpus("# x\n\nmeasure\n!wrong\n  audit\n");
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[1].text, "wrong");
  EXPECT_TRUE(rules[1].refused);
  EXPECT_EQ(rules[1].line, 4);
  EXPECT_EQ(rules[2].text, "  audit");
}

}  // namespace
}  // namespace diglab
