// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/source_directory.h"
#include "os/files.h"
#include "os/process.h"
#include "tool/context.h"

namespace diglim::tool {

/// For tests: an installed system below a temporary directory, a kernel's interface that is only files, and signing keys.
class TestSystem : public testing::Test {
 protected:
  TestSystem() {
    std::filesystem::create_directories(at("/etc/diglim"));
    std::filesystem::create_directories(kernel_directory() / "digest_lists_loaded");
    for (const char* file : {"digest_list_add", "digest_list_del", "digest_list_label", "digest_query"}) put(kernel_directory() / file, "");
    put(kernel_directory() / "digests_count", "Parser digests: 1\nFile digests: 2\nMetadata digests: 3\nDigest list digests: 4\n");
  }

  /// Where a path of the system is.
  [[nodiscard]] std::filesystem::path at(const std::string& path) const { return directory_.path() / "root" / path.substr(1); }
  [[nodiscard]] std::filesystem::path root() const { return directory_.path() / "root"; }
  /// Beside the system.
  [[nodiscard]] std::filesystem::path outside(const std::string& name) const { return directory_.path() / name; }
  [[nodiscard]] std::filesystem::path kernel_directory() const { return directory_.path() / "kernel"; }

  static void put(const std::filesystem::path& file, std::string_view content, unsigned mode = 0644) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    std::filesystem::permissions(file, std::filesystem::perms(mode));
  }
  static std::string get(const std::filesystem::path& file) { return diglab::read_file(file).value_or("(none)"); }
  static std::size_t files_in(const std::filesystem::path& directory) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
  }

  /// Runs it, which must succeed.
  std::string run(const diglab::Command& command) {
    const auto outcome = processes_.check(command, {});
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    return outcome ? outcome->out : "";
  }

  /// On the system below the directory.
  [[nodiscard]] Context context() {
    return {.root = Root(root()), .kernel = Interface(kernel_directory().string()), .processes = processes_};
  }
  /// On the running system, whose kernel is only files.
  [[nodiscard]] Context running() { return {.root = Root(), .kernel = Interface(kernel_directory().string()), .processes = processes_}; }

  diglab::SystemProcesses processes_;

 private:
  diglab::TempDir directory_ = *diglab::TempDir::make({}, "diglim-test");
};

/// While this lives, files of this process cannot become larger: the kernel fails a write behind the limit as it does on a full file
/// system, after what still fits.
class FullFileSystem {
 public:
  explicit FullFileSystem(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const ::rlimit small{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  FullFileSystem(const FullFileSystem&) = delete;
  FullFileSystem& operator=(const FullFileSystem&) = delete;
  ~FullFileSystem() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  ::rlimit before_{};
  void (*handler_)(int);
};

/// While this lives, the tests' user is one who may not do everything.
class OtherUser {
 public:
  OtherUser() : is_other_(::geteuid() != 0 || ::seteuid(65534) == 0) {}
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;
  ~OtherUser() { (void)!::seteuid(::getuid()); }
  [[nodiscard]] explicit operator bool() const { return is_other_; }

 private:
  bool is_other_;
};

/// The list of a real package, as it was signed.
inline const std::string sample_list_name = "0-file_list-rpm-libgcc-s1-12.2.0-14+deb12u1.x86_64";
inline const std::filesystem::path sample_list =
    diglab::source_directory() / "digest-lists/format/testdata/rpm" / sample_list_name;

}  // namespace diglim::tool
