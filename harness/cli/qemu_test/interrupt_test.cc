// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "cli/qemu_test/fake_tree.h"
#include "cli/qemu_test/fixture.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* sleeping = "timeout: 60\nsteps: [{id: sleep, run: sleep 60, timeout: 15}]\n";

class InterruptTest : public BadMachineTest {
 protected:
  /// Interrupts and expects the end within seconds: nothing is waited for that was going on.
  static void interrupt(StartedDiglab& diglab) {
    diglab.signal(SIGINT);
    expect_interrupted(diglab);
  }
  static void expect_interrupted(StartedDiglab& diglab) {
    EXPECT_EQ(diglab.wait(30s), 130) << diglab.out() << diglab.err();
    EXPECT_THAT(diglab.err(), HasSubstr("stopping"));
  }
};

TEST_F(InterruptTest, ends_the_build_of_a_kernel_and_leaves_none) {
  scenario("good", sleeping);
  fs::path tree = scratch_.path() / "linux";
  fs::path reached = scratch_.path() / "reached";
  make_fake_tree(tree, "touch " + reached.string() + "; sleep 300");
  fs::path cache = own_cache();
  auto diglab = start_run({"--kernel", "tree:" + tree.string()}, {{"DIGLAB_CACHE", cache}});
  ASSERT_TRUE(eventually([&] { return fs::exists(reached) || diglab->wait(0s) != -1; }, patience));
  ASSERT_TRUE(fs::exists(reached)) << diglab->err();
  interrupt(*diglab);
  for (const auto& entry : fs::directory_iterator(cache / "kernels"))
    EXPECT_TRUE(entry.path().filename() == "locks" || entry.path().filename() == "logs") << entry.path() << " was left";
}

TEST_F(InterruptTest, nothing_goes_on_building_a_kernel_when_the_program_is_killed) {
  fs::path tree = scratch_.path() / "linux";
  for (bool worker : {false, true}) {
    fs::path reached = scratch_.path() / fmt::format("reached-{}", worker);
    make_fake_tree(tree, "trap '' PIPE; touch " + reached.string() + "; sleep 300; true");
    auto diglab = start({"kernel", "build", "--kernel", "tree:" + tree.string()}, {{"DIGLAB_CACHE", own_cache()}});
    ASSERT_TRUE(eventually([&] { return fs::exists(reached) || diglab->wait(0s) != -1; }, patience));
    pid_t victim = 0;  // what we have started, which is the reaper, or the one below it, which works
    for (const SeenProcess& process : descendants())
      if (process.program == "diglab" && worker == (process.parent != ::getpid())) victim = process.pid;
    ASSERT_NE(victim, 0) << diglab->err();
    ::kill(victim, SIGKILL);
    EXPECT_TRUE(eventually([] { return descendants().empty(); }, 10s)) << "left behind: " << descendants().front().command;
    EXPECT_EQ(diglab->wait(10s), 128 + SIGKILL);
  }
}

TEST_F(InterruptTest, ends_the_boot_of_a_machine) {
  scenario("boots", sleeping);
  auto diglab = start_run();
  wait_for_event(*diglab, "\"event\":\"boot_begin\"");
  // Only when there is a machine is this about more than its preparation.
  ASSERT_TRUE(eventually([] { return machine_process("qemu-system") != 0; }, patience));
  interrupt(*diglab);
}

TEST_F(InterruptTest, ends_a_step_and_keeps_what_was_seen) {
  scenario("sleeps", sleeping);
  auto diglab = start_run();
  wait_for_event(*diglab, "\"event\":\"step_begin\"");
  // As timeout(1) does, to the program and then to its group: it comes three times, and is one signal.
  diglab->signal(SIGTERM);
  std::this_thread::sleep_for(50ms);
  diglab->signal_group(SIGTERM);
  expect_interrupted(*diglab);
  EXPECT_THAT(events(), HasSubstr("\"interrupted\":true"));
  EXPECT_THAT(events(), HasSubstr("\"kind\":\"console\""));
}

TEST_F(InterruptTest, may_come_again_and_again) {
  scenario("sleeps", sleeping);
  auto diglab = start_run();
  wait_for_event(*diglab, "\"event\":\"step_begin\"");
  EXPECT_TRUE(eventually([&] { return diglab->signal(SIGINT), diglab->wait(0s) != -1; }, 30s));
  expect_interrupted(*diglab);
}

/// A moment in which a run is interrupted: that of the first event that holds `event`, in a scenario with these steps.
struct InterruptedPhase {
  const char* name;
  const char* event;
  const char* steps;
};

class InterruptPhaseTest : public InterruptTest, public testing::WithParamInterface<InterruptedPhase> {};

TEST_P(InterruptPhaseTest, ends_the_run_and_leaves_nothing) {
  scenario("phase", fmt::format("timeout: 120\nsteps: [{}]\n", GetParam().steps));
  auto diglab = start_run();
  wait_for_event(*diglab, GetParam().event);
  interrupt(*diglab);
}

INSTANTIATE_TEST_SUITE_P(Each, InterruptPhaseTest,
                         testing::Values(InterruptedPhase{"opening_the_host", "opening the connection to the machines' host", "{run: exit 0}"},
                                         InterruptedPhase{"proving_the_acceleration", "proving the acceleration", "{run: exit 0}"},
                                         InterruptedPhase{"snapshot", R"("step":"now")", "{id: now, snapshot: x}, {run: sleep 60, timeout: 90}"},
                                         InterruptedPhase{"restore", R"("step":"now")", "{snapshot: x}, {repeat: {times: 500, steps: [{id: now, restore: x}]}}"},
                                         InterruptedPhase{"reboot", R"("step":"now")", "{repeat: {times: 50, steps: [{id: now, reboot: {}}]}}"},
                                         InterruptedPhase{"quote", R"("step":"now")", "{repeat: {times: 50, steps: [{id: now, quote: {}}]}}"}),
                         [](const auto& phase) { return std::string(phase.param.name); });

TEST_F(InterruptTest, is_a_key_of_the_terminal_while_the_guest_of_a_shell_boots) {
  const int keyboard = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_TRUE(keyboard >= 0 && ::grantpt(keyboard) == 0 && ::unlockpt(keyboard) == 0);
  const int terminal = ::open(::ptsname(keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  auto diglab = start({"shell"}, {}, terminal);
  auto boots = [] {
    return std::ranges::any_of(descendants(), [](const SeenProcess& process) {
      return process.program.starts_with("qemu-system") && process.command.find("-kernel") != std::string::npos &&
             process.command.find("kvm-probe") == std::string::npos;
    });
  };
  ASSERT_TRUE(eventually([&] { return boots() || diglab->wait(0s) != -1; }, patience));
  ASSERT_EQ(::write(keyboard, "\x03", 1), 1);
  EXPECT_EQ(diglab->wait(30s), 130) << diglab->out() << diglab->err();
  ::close(terminal);
  ::close(keyboard);
}

TEST_F(BadLuckTest, an_interrupted_doctor_is_not_one_that_found_problems) {
  const fs::path reached = scratch_.path() / "reached", tool = scratch_.path() / "bin/evmctl";
  ASSERT_TRUE(write_file(tool, "#!/bin/sh\ntouch " + reached.string() + "\nexec sleep 300\n").has_value());
  fs::permissions(tool, fs::perms::owner_all);
  auto diglab = start({"doctor"}, {{"PATH", tool.parent_path().string() + ":" + std::getenv("PATH")}, {"DIGLAB_CACHE", own_cache()}});
  ASSERT_TRUE(eventually([&] { return fs::exists(reached) || diglab->wait(0s) != -1; }, patience));
  diglab->signal(SIGINT);
  EXPECT_EQ(diglab->wait(30s), 130) << diglab->out() << diglab->err();
  EXPECT_THAT(diglab->out(), testing::Not(HasSubstr("PROBLEM")));
}

}  // namespace
}  // namespace diglab
