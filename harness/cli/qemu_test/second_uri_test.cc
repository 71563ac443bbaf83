// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/qemu_test/fixture.h"
#include "machine/test_daemon.h"

namespace diglab {
namespace {

using testing::HasSubstr;

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
    BadLuckTest::TearDown();  // nothing bad has happened to the machines of the next run
  }

  /// The authority whose certificates the daemon's TPMs get, as a person would hand it over for another host.
  [[nodiscard]] std::string authority() const {
    std::string certificates;
    for (const auto& made : std::filesystem::directory_iterator(users_cache() / "tpm"))
      for (const char* name : {"swtpm-localca-rootca-cert.pem", "issuercert.pem"})
        if (auto pem = read_file(made.path() / "authority" / name)) certificates += *pem;
    auto path = scratch_.path() / "tpm-ca.pem";
    EXPECT_TRUE(write_file(path, certificates).has_value());
    return path.string();
  }

  std::unique_ptr<TestDaemon> daemon_;
};

TEST_F(SecondUriTest, TheSameScenariosPassThroughADaemon) {
  // Those of the default suite that need no other kernel than this test was given, and a snapshot, which is not in it.
  const std::vector<std::vector<std::string>> selections = {{"--tag", "default", "--without-tag", "diglim"}, {"harness/agent-as-init-steps"}};
  for (const auto& selection : selections) {
    std::vector<std::string> arguments = {"run", "--connect", daemon_->uri(), "--tpm-ca", authority(), "--results", results().string()};
    arguments.insert(arguments.end(), selection.begin(), selection.end());
    auto run = start(std::move(arguments));
    expect_status(*run, 0);
    EXPECT_THAT(events(), HasSubstr("\"connection\":\"" + daemon_->uri() + "\""));
  }
}

TEST_F(SecondUriTest, AHostThatCannotReadOurFilesGetsCopies) {
  auto run = start({"run", "--connect", daemon_->uri(), "--pool", daemon_->pool_path().string(), "--results", results().string(),
                    "appraise/unknown-denied"});
  expect_status(*run, 0);
  EXPECT_FALSE(std::filesystem::is_empty(daemon_->pool_path()));
  EXPECT_THAT(run->err(), HasSubstr("no quote can be verified without --tpm-ca"));
}

}  // namespace
}  // namespace diglab
