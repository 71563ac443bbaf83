// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "test/test_root.h"

namespace diglim::test {

inline Recipe tool(const std::string& version) {
  return {.name = "tool", .version = version, .files = {{"/opt/tool", "program " + version}, {"/opt/tool-data", "never changes"}}};
}

/// One root, and what is to be true of it after each transaction.
class TransactionTest : public testing::Test {
 protected:
  RunResult rpm(const std::vector<std::string>& words) {
    auto result = run(root.rpm(words));
    log += result.output;
    return result;
  }
  void expect_done(const std::vector<std::string>& words) {
    const auto result = rpm(words);
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_THAT(result.output, testing::Not(testing::HasSubstr("diglim")));
  }
  /// Directory and kernel are what the database says, and nothing is left to do.
  void expect_converged() {
    EXPECT_EQ(root.listed(), root.installed()) << log;
    for (const auto& list : root.loaded()) EXPECT_THAT(root.installed(), testing::Contains(list));
    EXPECT_EQ(root.known(), known_after_reboot());
  }
  [[nodiscard]] std::set<std::string> known_after_reboot() const {
    TestRoot other;
    other.copy(root);
    other.reboot();
    return other.known();
  }
  [[nodiscard]] bool runs(const std::string& content) const { return root.known().contains(sha256_of(content)); }

  TestRoot root;
  std::string log;
};

}  // namespace diglim::test
