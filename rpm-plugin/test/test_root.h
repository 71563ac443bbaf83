// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "probe/stepped_run.h"

namespace diglim::test {

namespace fs = std::filesystem;

/// What rpmbuild makes a package of.
struct Recipe {
  std::string name;
  std::string version = "1";
  std::map<std::string, std::string> files = {};  ///< Path and content; executable.
  std::string sections = {};                      ///< More of a spec file: scriptlets.
  std::string install = {};                       ///< More lines for %install.
  std::string tags = {};                          ///< More lines for its head.
  std::string list = {};                          ///< More lines for %files.
  std::string architecture = "noarch";
};

/// Built once for all test programs. With the directory in $DIGLIM_TEST_PACKAGES other releases of rpm can install what one of them
/// built; $DIGLIM_TEST_PLUGIN, _RECONCILE and _PARSER name their programs.
[[nodiscard]] fs::path package(const Recipe& recipe);

/// A copy of a package whose header has not the digest that is written beside it.
[[nodiscard]] fs::path with_wrong_digest(const fs::path& package);

/// A root directory with an rpm database, a directory that stands for the kernel, and what is needed to look at them.
class TestRoot {
 public:
  TestRoot();
  ~TestRoot();
  TestRoot(const TestRoot&) = delete;
  TestRoot& operator=(const TestRoot&) = delete;

  /// rpm with the plugin, in this root.
  [[nodiscard]] std::vector<std::string> rpm(const std::vector<std::string>& words) const;
  [[nodiscard]] std::vector<std::string> reconcile() const;

  [[nodiscard]] fs::path path() const { return path_ / "root"; }
  [[nodiscard]] fs::path lists() const { return path() / "usr/lib/diglim"; }
  [[nodiscard]] fs::path kernel() const { return path_ / "kernel"; }
  /// More macros, "name value".
  std::vector<std::string> macros;

  /// Content that the kernel would let run, as hexadecimal digests.
  [[nodiscard]] std::set<std::string> known() const;
  /// Labels of the lists in the kernel, sorted; and those of files in the directory, without the prefix that all have; but for
  /// those of .rpm that stay.
  [[nodiscard]] std::vector<std::string> loaded() const;
  [[nodiscard]] std::vector<std::string> listed() const;
  /// One line for each addition and deletion so far.
  [[nodiscard]] std::vector<std::string> kernel_log() const;
  [[nodiscard]] std::vector<std::string> installed() const;

  /// Makes this root what another one is.
  void copy(const TestRoot& other);
  /// As after a power cut: what was in the kernel is gone, and the lists in the directory are loaded.
  void reboot() const;

 private:
  fs::path path_;
};

[[nodiscard]] std::string sha256_of(const std::string& content);
[[nodiscard]] std::string content_of(const fs::path& path);
void put(const fs::path& path, const std::string& content);
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

}  // namespace diglim::test
