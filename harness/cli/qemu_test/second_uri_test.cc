// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <string_view>

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
    // NOLINTNEXTLINE(bugprone-parent-virtual-call)
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
  // One of each group, a reboot, a quote and a snapshot among what they do; at night all of the default suite that need no other kernel.
  std::vector<std::vector<std::string>> selections = {{"appraise/unknown-denied", "attest/quote-verified", "boot/signed-init", "harness/agent-as-init-steps",
                                                       "measure/boot-aggregate", "neighbours/ima-signatures", "policy/validate"}};
  if (const char* whole = std::getenv("DIGLAB_TEST_WHOLE_SUITE"); whole != nullptr && std::string_view(whole) == "1")
    selections.push_back({"--tag", "default", "--without-tag", "diglim"});
  for (const auto& selection : selections) {
    std::vector<std::string> arguments = {"run", "--connect", daemon_->uri(), "--tpm-ca", authority(), "--results", results().string()};
    arguments.insert(arguments.end(), selection.begin(), selection.end());
    auto run = start(std::move(arguments));
    expect_status(*run, 0);
    EXPECT_THAT(events(), HasSubstr("\"connection\":\"" + daemon_->uri() + "\""));
    expect_little_memory();
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
