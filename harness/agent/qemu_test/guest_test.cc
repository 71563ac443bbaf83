// SPDX-License-Identifier: GPL-2.0-or-later
// What the agent can only do in a guest: be started by the init, read the logs, power off.
#include <gmock/gmock.h>

#include "agent/qemu_test/guest_machine_test.h"

namespace diglab {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

class GuestTest : public GuestMachineTest {
 protected:
  std::string console() {
    auto text = read_file(scratch_.path() / "evidence" / "boot-1.log");
    return text ? *text : "";
  }
};

TEST_F(GuestTest, TheInitStartsTheAgentAndPowersOffInOrder) {
  make_initrd({{"init", DIGLAB_INIT}, {"usr/libexec/diglab/diglab-agent", DIGLAB_AGENT}});
  ASSERT_NO_FATAL_FAILURE(start());
  auto info = greet();
  ASSERT_OK(info);
  EXPECT_GT(info->pid, 1);

  auto mounts = client_->read_file("/proc/mounts", patience());
  ASSERT_OK(mounts);
  for (const char* type : {" proc ", " sysfs ", " securityfs ", " devtmpfs ", " tmpfs "}) EXPECT_THAT(mounts->content, HasSubstr(type));

  auto pcrs = client_->pcrs(patience());
  ASSERT_OK(pcrs);
  ASSERT_TRUE(pcrs->banks.contains("sha256"));
  ASSERT_EQ(pcrs->banks["sha256"].size(), 24U);
  EXPECT_EQ(pcrs->banks["sha256"][0].size(), 64U);
  EXPECT_EQ(pcrs->banks["sha256"][16], std::string(64, '0'));

  auto log = client_->kernel_log(0, patience());
  ASSERT_OK(log);
  EXPECT_THAT(log->records, Contains(Field(&KernelLogRecord::text, HasSubstr("Linux version"))));
  auto later = client_->kernel_log(log->next, patience());
  ASSERT_OK(later);
  EXPECT_LT(later->records.size(), log->records.size());
  EXPECT_GE(later->next, log->next);

  ASSERT_OK(client_->power_off(true, patience()));
  auto end = machine_->wait_for_end(patience());
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::shutdown) << end->reason;
}

TEST_F(GuestTest, PolicyRulesAreProbedWithoutEffectAndLoadedWithAuditRecords) {
  make_initrd({{"init", DIGLAB_AGENT}, {"tool", DIGLAB_PRINTER}});
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_OK(greet());
  const std::string policy_path = "/sys/kernel/security/ima/policy";
  auto before = client_->read_file(policy_path, patience());
  ASSERT_OK(before);
  if (before->error.name == "ENOENT") GTEST_SKIP() << "this kernel's IMA policy cannot be written";
  auto mark = client_->audit_log(0, patience());
  ASSERT_OK(mark);
  ASSERT_EQ(mark->error, GuestErrno{});

  auto probed = client_->probe_policy_rules({"measure func=BPRM_CHECK", "measure func=NONSENSE", "dont_measure fsmagic=0x62656572"}, patience());
  ASSERT_OK(probed);
  ASSERT_EQ(probed->rules.size(), 3U);
  EXPECT_EQ(probed->rules[0], GuestErrno{});
  EXPECT_EQ(probed->rules[1].name, "EINVAL");
  EXPECT_EQ(probed->rules[2], GuestErrno{});
  EXPECT_FALSE(probed->accepted);
  auto after = client_->read_file(policy_path, patience());
  ASSERT_OK(after);
  EXPECT_EQ(after->content, before->content) << "probing has committed something";

  auto refused = client_->load_policy({"measure func=BPRM_CHECK", "nonsense", "never written"}, patience());
  ASSERT_OK(refused);
  EXPECT_FALSE(refused->accepted);
  EXPECT_EQ(refused->rules.size(), 2U);
  auto loaded = client_->load_policy({"appraise func=BPRM_CHECK fsuuid=00000000-0000-0000-0000-000000000001", "measure func=BPRM_CHECK"}, patience());
  ASSERT_OK(loaded);
  EXPECT_TRUE(loaded->accepted);
  auto records = client_->audit_log(mark->next, patience());
  ASSERT_OK(records);
  EXPECT_FALSE(records->lost);
  EXPECT_THAT(records->records, Contains(HasSubstr("type=1802 audit("))) << "INTEGRITY_STATUS of the refused policy";

  Action run{{call::Exec{"/tool"}}};  // ends with 2: it was given no tag
  run.want_digests = true;
  auto outcome = client_->act(run, patience());
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->ending, Ending(Exited{2}));
  EXPECT_EQ(outcome->digests[0], *sha256_of_file(DIGLAB_PRINTER));
  auto measured = client_->read_file("/sys/kernel/security/ima/ascii_runtime_measurements", patience());
  ASSERT_OK(measured);
  EXPECT_THAT(measured->content, HasSubstr("sha256:" + outcome->digests[0] + " /tool"));
}

TEST_F(GuestTest, AnInitWithoutAnAgentSaysSoAndPowersOff) {
  make_initrd({{"init", DIGLAB_INIT}});
  ASSERT_NO_FATAL_FAILURE(start());
  auto end = machine_->wait_for_end(patience());
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::shutdown) << end->reason;
  EXPECT_THAT(console(), HasSubstr("diglab-init: cannot execute /usr/libexec/diglab/diglab-agent: ENOENT; powering off"));
  auto hello = client_->hello(patience());
  ASSERT_FALSE(hello);
  EXPECT_EQ(hello.error().kind(), ErrorKind::boot) << hello.error().to_string();
}

TEST_F(GuestTest, AnAbruptRebootEndsTheBootAsAReset) {
  make_initrd({{"init", DIGLAB_INIT}, {"usr/libexec/diglab/diglab-agent", DIGLAB_AGENT}});
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_OK(greet());
  ASSERT_OK(client_->reboot(false, patience()));
  auto end = machine_->wait_for_end(patience());
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::reset) << end->reason;
}

TEST_F(GuestTest, AnAgentThatIsKilledEndsTheMachineWithAReason) {
  make_initrd({{"init", DIGLAB_INIT}, {"usr/libexec/diglab/diglab-agent", DIGLAB_AGENT}});
  ASSERT_NO_FATAL_FAILURE(start());
  auto info = greet();
  ASSERT_OK(info);
  auto outcome = client_->act({{call::Kill{info->pid, 9}}}, patience());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::guest_lost) << outcome.error().to_string();
  auto end = machine_->wait_for_end(patience());
  ASSERT_OK(end);
  EXPECT_EQ(end->cause, EndCause::shutdown);
  EXPECT_THAT(console(), HasSubstr("diglab-init: the agent has ended: killed by signal 9; powering off"));
}

}  // namespace
}  // namespace diglab
