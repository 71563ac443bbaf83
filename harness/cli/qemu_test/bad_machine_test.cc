// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>

#include "cli/qemu_test/fixture.h"
#include "os/files.h"

namespace diglab {
namespace {

using testing::HasSubstr;

constexpr const char* sleeping = "timeout: 60\nsteps: [{id: sleep, run: sleep 60, timeout: 15}]\n";
constexpr const char* in_the_step = "\"event\":\"step_begin\"";

TEST_F(BadMachineTest, a_killed_qemu_is_named) {
  scenario("killed", sleeping);
  auto diglab = start_run();
  wait_for_event(*diglab, in_the_step);
  pid_t qemu = machine_process("qemu-system");
  ASSERT_NE(qemu, 0);
  ::kill(qemu, SIGKILL);
  expect_status(*diglab, 3);
  EXPECT_THAT(diglab->out(), HasSubstr("QEMU died"));
}

TEST_F(BadMachineTest, a_killed_swtpm_is_named) {
  scenario("killed", sleeping);
  auto diglab = start_run();
  wait_for_event(*diglab, in_the_step);
  pid_t tpm = machine_process("swtpm");
  ASSERT_NE(tpm, 0);
  ::kill(tpm, SIGKILL);
  expect_status(*diglab, 3);
  EXPECT_THAT(diglab->out(), HasSubstr("swtpm is gone"));
}

TEST_F(BadMachineTest, a_panic_of_the_guest_fails_the_scenario) {
  scenario("panic", "timeout: 60\nsteps: [{id: crash, run: echo c > /proc/sysrq-trigger}]\n");
  auto diglab = start_run();
  expect_status(*diglab, 1);
  EXPECT_THAT(diglab->out(), HasSubstr("sysrq triggered crash"));
}

TEST_F(BadMachineTest, a_warning_of_the_guests_kernel_is_on_the_console_and_fails_the_scenario) {
  scenario("warning", "timeout: 60\nsteps: [{run: \"echo '<4>WARNING: CPU: 0 PID: 1 at fs/inode.c:12 iput+0x1/0x2' > /dev/kmsg\"}]\n");
  auto diglab = start_run();
  expect_status(*diglab, 1);
  EXPECT_THAT(diglab->out(), HasSubstr("WARNING: at fs/inode.c:12 iput"));
  // The kernel's log would do for the verdict, but of a boot that ends before the agent can be asked there is only the console.
  std::string consoles;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(results()))
    if (entry.path().filename() == "boot-1.log") consoles += read_file(entry.path()).value_or("");
  EXPECT_THAT(consoles, HasSubstr("WARNING: CPU: 0 PID: 1 at fs/inode.c:12"));
}

TEST_F(BadMachineTest, a_guest_that_hangs_is_given_up_at_the_steps_end) {
  scenario("hang", "timeout: 60\nsteps: [{id: sleep, run: sleep 60, timeout: 2}]\n");
  auto diglab = start_run();
  wait_for_event(*diglab, in_the_step);
  pid_t qemu = machine_process("qemu-system");
  ASSERT_NE(qemu, 0);
  ::kill(qemu, SIGSTOP);
  expect_status(*diglab, 3);
  EXPECT_THAT(diglab->out(), HasSubstr("step sleep"));
  EXPECT_THAT(diglab->out(), HasSubstr("did not answer"));
}

TEST_F(BadMachineTest, a_machine_that_hangs_is_not_waited_for_by_a_snapshot) {
  scenario("hang", "timeout: 60\nsteps: [{id: saved, snapshot: x}, {repeat: {times: 500, steps: [{id: back, restore: x, timeout: 2}]}}]\n");
  auto diglab = start_run();
  wait_for_event(*diglab, "\"step\":\"back\"");
  pid_t qemu = machine_process("qemu-system");
  ASSERT_NE(qemu, 0);
  ::kill(qemu, SIGSTOP);
  expect_status(*diglab, 3);
  EXPECT_THAT(diglab->out(), HasSubstr("did not answer"));
}

TEST_F(BadMachineTest, an_agent_that_never_answers_is_given_up) {
  scenario("silent", "timeout: 3\nmachine: {init: /usr/bin/sleep, cmdline: [--, \"1000\"]}\nsteps: [{id: runs, run: \"exit 0\"}]\n");
  auto diglab = start_run();
  expect_status(*diglab, 3);
  EXPECT_THAT(diglab->out(), HasSubstr("agent did not answer before the deadline"));
}

TEST_F(BadMachineTest, an_agent_that_answers_garbage_is_given_up) {
  scenario("garbage", "timeout: 5\nmachine: {init: /usr/bin/bash, cmdline: [--, -c, \"\\\"cat /dev/urandom > /dev/vport*\\\"\"]}\n"
                      "steps: [{id: runs, run: \"exit 0\"}]\n");
  auto diglab = start_run();
  expect_status(*diglab, 3);
  EXPECT_THAT(diglab->out(), HasSubstr("bytes that belong to none"));
}

TEST_F(BadMachineTest, two_runs_at_once_both_pass) {
  scenario("good", "timeout: 60\nsteps: [{id: runs, run: \"exit 0\"}]\n");
  auto first = start_run();
  auto second = start_run();
  expect_status(*first, 0);
  expect_status(*second, 0);
  expect_little_memory();
}

}  // namespace
}  // namespace diglab
