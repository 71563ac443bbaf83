// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/doctor_findings.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "os/files.h"

namespace diglab {
namespace {

using testing::HasSubstr;

Finding of_answer(Result<ProcessOutcome> answer) {
  FakeProcesses processes;
  processes.answers.push_back(std::move(answer));
  return examine_tool({"swtpm_setup", {"swtpm_setup", "--version"}, "swtpm-tools"}, processes, Deadline::never());
}

ProcessEnd exited(int status) { return {.exit_status = status, .signal = {}}; }

TEST(Doctor, TakesAToolThatTellsItsVersionForInstalled) {
  Finding found = of_answer(ProcessOutcome{.end = exited(0), .out = "tool 1.2\nmore\n", .err = {}});
  EXPECT_EQ(found.health, Health::good);
  EXPECT_EQ(found.detail, "tool 1.2");
  EXPECT_EQ(of_answer(ProcessOutcome{.end = exited(1), .out = {}, .err = "TPM emulator setup tool version 0.7.1\n"}).health, Health::good);
}

TEST(Doctor, NamesThePackageOfAToolThatDoesNotRun) {
  Finding missing = of_answer(fail(ErrorKind::infra, "swtpm_setup: not found"));
  EXPECT_EQ(missing.health, Health::problem);
  EXPECT_EQ(missing.advice, "apt-get install swtpm-tools");
  Finding broken = of_answer(ProcessOutcome{.end = exited(127), .out = {}, .err = "error while loading shared libraries: libtss2-mu.so.0\n"});
  EXPECT_EQ(broken.health, Health::problem);
  EXPECT_THAT(broken.detail, HasSubstr("127"));
  EXPECT_EQ(of_answer(ProcessOutcome{.end = {.exit_status = {}, .signal = 11}, .out = "tool 1.2\n", .err = {}}).health, Health::problem);
}

TEST(Doctor, LooksAtRoomAndRightsOfADirectoryThatIsNotThereYet) {
  auto scratch = TempDir::make({}, "diglab-doctor");
  ASSERT_TRUE(scratch.has_value());
  EXPECT_EQ(examine_disk("cache", scratch->path() / "a" / "b", 1, "elsewhere").health, Health::good);
  Finding full = examine_disk("cache", scratch->path(), std::uintmax_t{1} << 60, "set DIGLAB_CACHE");
  EXPECT_EQ(full.health, Health::problem);
  EXPECT_THAT(full.advice, HasSubstr("DIGLAB_CACHE"));
  EXPECT_THAT(examine_disk("results", "/proc/nowhere/results", 0, "elsewhere").detail, HasSubstr("/proc"));
}

/// $TMPDIR is another one as long as this lives.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& path) { ::setenv("TMPDIR", path.c_str(), 1); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    if (before_)
      ::setenv("TMPDIR", before_->c_str(), 1);
    else
      ::unsetenv("TMPDIR");
  }

 private:
  std::optional<std::string> before_ = std::getenv("TMPDIR") == nullptr ? std::nullopt : std::optional<std::string>(std::getenv("TMPDIR"));
};

TEST(Doctor, NamesADirectoryForTemporaryFilesThatIsNoDirectory) {
  auto scratch = TempDir::make({}, "diglab-doctor");
  ASSERT_TRUE(scratch && write_file(scratch->path() / "file", ""));
  {
    const TemporaryDirectory there(scratch->path());
    EXPECT_EQ(examine_temporary(1).health, Health::good);
  }
  for (const auto& none : {scratch->path() / "absent", scratch->path() / "file"}) {
    const TemporaryDirectory named(none);
    Finding found = examine_temporary(1);
    EXPECT_EQ(found.health, Health::problem);
    EXPECT_THAT(found.detail, testing::StartsWith(none.string() + ": "));
    EXPECT_THAT(found.advice, HasSubstr("TMPDIR"));
  }
}

/// What an ordinary user may do: a child that becomes one looks, and tells with its exit status. An exception ends it.
template <typename Look>
bool as_nobody(Look look) noexcept {
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0 && look() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

TEST(Doctor, LooksAtWhatAnOrdinaryUserMayNotLookInto) {
  if (::geteuid() != 0) GTEST_SKIP() << "not on this machine: only root makes what another user may not look into";
  auto scratch = TempDir::make({}, "diglab-doctor");
  ASSERT_TRUE(scratch && write_file(scratch->path() / "kvm", ""));
  std::filesystem::permissions(scratch->path(), std::filesystem::perms::owner_all);
  EXPECT_TRUE(as_nobody([&] { return examine_disk("cache", scratch->path() / "a", 0, "elsewhere").health == Health::problem; }));
  EXPECT_TRUE(as_nobody([&] { return examine_kvm_access(scratch->path() / "kvm").has_value(); }));
}

TEST(Doctor, SaysWhatToDoForKvmOnlyWhereThereIsSome) {
  EXPECT_FALSE(examine_kvm_access("/dev/none"));
  EXPECT_FALSE(examine_kvm_access("/dev/null"));
}

TEST(Doctor, TakesRightsForGivenOnlyIfTheyWereTried) {
  EXPECT_EQ(examine_rights(true, {}).health, Health::good);
  EXPECT_EQ(examine_rights(false, {}).health, Health::good);
  // Namespaces are allowed, and there is no range of users for them.
  Finding none = examine_rights(false, fail(ErrorKind::infra, "they do not work here: no line in /etc/subuid\nusermod --add-subuids"));
  EXPECT_EQ(none.health, Health::problem);
  EXPECT_EQ(none.detail, "they do not work here: no line in /etc/subuid");
  EXPECT_EQ(none.advice, "usermod --add-subuids");
}

}  // namespace
}  // namespace diglab
