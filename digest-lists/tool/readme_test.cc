// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "base/source_directory.h"
#include "os/files.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

TEST(TheReadme, names_tests_that_there_are) {
  const auto here = diglab::source_directory() / "digest-lists";
  std::string tests;
  for (const auto& each : fs::recursive_directory_iterator(here))
    if (each.path().string().ends_with("_test.cc")) tests += diglab::read_file(each.path()).value();
  const auto readme = diglab::read_file(here / "README.md").value();
  const std::regex name(R"(`([A-Z][A-Za-z]*)\.([a-z_]*)`)");
  int count = 0;
  for (std::sregex_iterator it(readme.begin(), readme.end(), name), end; it != end; ++it, ++count)
    EXPECT_NE(tests.find("(" + (*it)[1].str() + ", " + (*it)[2].str() + ")"), std::string::npos) << (*it)[0];
  EXPECT_GT(count, 25);
}

}  // namespace
}  // namespace diglim::tool
