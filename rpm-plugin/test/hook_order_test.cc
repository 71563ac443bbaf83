// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which hooks rpm calls for what, in which order: one file for each release in testdata/. What the plugin relies on is in README.md; here is
// what differs. DIGLAB_UPDATE_GOLDEN=1 writes the file of the rpm that is installed.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "test/test_root.h"

namespace diglim::test {
namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

/// "4.18"
std::string release_of_rpm() {
  const std::string said = run({"rpm", "--version"}).output;
  std::smatch found;
  return std::regex_search(said, found, std::regex("[0-9]+\\.[0-9]+")) ? found.str() : said;
}

const std::string scripts = "%pre -p <lua>\nprint('')\n%post -p <lua>\nprint('')\n%preun -p <lua>\nprint('')\n%postun -p <lua>\nprint('')\n"
                            "%pretrans -p <lua>\nprint('')\n%posttrans -p <lua>\nprint('')\n%transfiletriggerun -p <lua> -- /opt\nprint('')\n";

Recipe tool(const std::string& version, const std::string& sections) {
  return {.name = "hooked", .version = version, .files = {{"/opt/a", "a " + version}, {"/opt/b", "the same"}}, .sections = sections};
}

class HookOrder {
 public:
  HookOrder() { root_.macros.push_back("__transaction_diglab_hooks " + setting("DIGLIM_TEST_HOOKS", DIGLIM_TEST_HOOKS)); }

  /// One line for each hook.
  std::string of(const std::string& title, const std::vector<std::string>& words) {
    std::string lines = "# " + title + "\n";
    const auto result = run_stepped(root_.rpm(words), {.before = [&](const Call& call) {
      if (call.name == "hook") lines += std::regex_replace(call.path, std::regex(";[0-9a-f]+"), ";") + "\n";
      return Then::go_on;
    }});
    EXPECT_EQ(result.status, 0) << title << ": " << result.output;
    return lines;
  }

 private:
  TestRoot root_;
};

TEST(HookOrderTest, is_what_it_was_in_this_release_of_rpm) {
  std::string seen;
  for (const auto& [kind, sections] : {std::pair<std::string, std::string>{"no scriptlets", ""}, {"scriptlets", scripts}}) {
    HookOrder hooks;
    seen += hooks.of(kind + ": install", {"-i", package(tool("1", sections))});
    seen += hooks.of(kind + ": upgrade", {"-U", package(tool("2", sections))});
    seen += hooks.of(kind + ": reinstall", {"-U", "--replacepkgs", package(tool("2", sections))});
    seen += hooks.of(kind + ": erase", {"-e", "hooked"});
  }
  const fs::path golden = fs::path(setting("DIGLIM_TEST_TESTDATA", DIGLIM_TEST_TESTDATA)) / ("hooks-" + release_of_rpm() + ".txt");
  if (std::getenv("DIGLAB_UPDATE_GOLDEN") != nullptr) put(golden, seen);
  ASSERT_TRUE(fs::exists(golden)) << "this release of rpm has not been looked at yet; DIGLAB_UPDATE_GOLDEN=1 writes " << golden;
  EXPECT_EQ(seen, content_of(golden));
}

}  // namespace
}  // namespace diglim::test
