// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "cli/qemu_test/started_diglab.h"
#include "os/files.h"

namespace diglab {

using namespace std::chrono_literals;

/// How long anything may take on a busy host without KVM; only a defect takes that long.
inline constexpr auto patience = 240s;

/// Scenarios, results and a cache in a temporary directory, and the program on them.
class BadLuckTest : public ::testing::Test {
 protected:
  void SetUp() override { adopt_orphans(); }
  /// Whatever the test was about: nothing that it started is left.
  void TearDown() override;

  /// Writes badluck/<name>.yaml with `body` below the keys that every scenario needs.
  void scenario(const std::string& name, const std::string& body) const;

  /// Starts `diglab --source <the sources> ...`, on a terminal if there is one.
  std::unique_ptr<StartedDiglab> start(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}, int terminal = -1);
  /// Starts `run` on the scenarios written so far.
  std::unique_ptr<StartedDiglab> start_run(std::vector<std::string> more = {}, const std::map<std::string, std::string>& environment = {});

  /// A cache of this test's own with keys and what is known of the host from the user's: the two that take long to make.
  [[nodiscard]] std::filesystem::path own_cache() const;

  [[nodiscard]] std::filesystem::path results() const { return scratch_.path() / "results"; }
  /// The event stream of the newest run in results().
  [[nodiscard]] std::string events() const;
  /// The newest run in results() came to its end, and the harness itself took at most 100 MB, wherever libvirt ran.
  void expect_little_memory() const;
  /// Waits until the event stream holds `text`; fails the test otherwise.
  void wait_for_event(StartedDiglab& diglab, const std::string& text) const;

  TempDir scratch_ = *TempDir::make("/tmp", "diglab-bad-luck");

 private:
  int starts_ = 0;
};

/// The same where machines run.
class BadMachineTest : public BadLuckTest {
 protected:
  void SetUp() override;
  /// Whatever the test was about: no directory of a run is left either, and the next run works.
  void TearDown() override;
  /// The one process of ours whose program's name begins with this and that is a machine's.
  static pid_t machine_process(const std::string& program);

 private:
  std::set<std::filesystem::path> dead_runs_;  ///< What others had left before.
};

/// The sources that the program is given.
std::string tested_source();

/// The user's cache, as the program finds it.
std::filesystem::path users_cache();

/// Ends the program, expects `status`, and shows what it said if that is not what came.
void expect_status(StartedDiglab& diglab, int status);

}  // namespace diglab
