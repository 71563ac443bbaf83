// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/qemu_test/fixture.h"
#include "machine/test_daemon.h"

namespace diglab {
namespace {

/// The suite's own scenarios through a libvirt daemon, as they would run on another host.
class SecondUriTest : public BadMachineTest {
 protected:
  void SetUp() override {
    BadMachineTest::SetUp();
    if (IsSkipped()) return;
    auto daemon = TestDaemon::start(users_cache(), Deadline::in(patience));
    ASSERT_TRUE(daemon.has_value()) << daemon.error().to_string();
    daemon_ = std::move(*daemon);
  }
  void TearDown() override {
    daemon_.reset();
    BadMachineTest::TearDown();
  }

  std::unique_ptr<TestDaemon> daemon_;
};

TEST_F(SecondUriTest, TheSameScenariosPassThroughADaemon) {
  auto run = start({"run", "--connect", daemon_->uri(), "--results", results().string(), "appraise/unknown-denied", "attest/quote-verified",
                    "harness/agent-as-init-steps"});
  expect_status(*run, 0);
  EXPECT_THAT(events(), ::testing::HasSubstr("\"connection\":\"" + daemon_->uri() + "\""));
}

TEST_F(SecondUriTest, AHostThatCannotReadOurFilesGetsCopies) {
  auto run = start({"run", "--connect", daemon_->uri(), "--pool", daemon_->pool_path().string(), "--results", results().string(),
                    "appraise/unknown-denied"});
  expect_status(*run, 0);
  EXPECT_FALSE(std::filesystem::is_empty(daemon_->pool_path()));
}

}  // namespace
}  // namespace diglab
