// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>

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
  // As timeout(1) and CI do: it reaches the program twice, and is one signal.
  diglab->signal_group(SIGTERM);
  expect_interrupted(*diglab);
  EXPECT_THAT(events(), HasSubstr("\"interrupted\":true"));
  EXPECT_THAT(events(), HasSubstr("\"kind\":\"console\""));
}

TEST_F(InterruptTest, may_come_again_and_again_and_the_next_run_works) {
  scenario("sleeps", sleeping);
  auto diglab = start_run();
  wait_for_event(*diglab, "\"event\":\"step_begin\"");
  EXPECT_TRUE(eventually([&] { return diglab->signal(SIGINT), diglab->wait(0s) != -1; }, 30s));
  expect_interrupted(*diglab);
  EXPECT_TRUE(eventually([] { return descendants().empty(); }, 10s)) << "left behind: " << descendants().front().command;

  scenario("sleeps", "timeout: 60\nsteps: [{id: runs, run: \"exit 0\"}]\n");
  auto next = start_run();
  expect_status(*next, 0);
}

}  // namespace
}  // namespace diglab
