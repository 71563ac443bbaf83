// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/disk.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "image/certificate.h"
#include "image/elf_check.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

class DiskTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_file(root() / "usr/bin/program", "content"));
    ASSERT_TRUE(write_file(root() / "etc/\"quoted\" [name]", "more"));
    fs::create_symlink("usr/bin", root() / "bin");
  }
  fs::path root() const { return work_.path() / "root"; }
  Result<std::string> make(std::string_view name, std::optional<fs::path> key = {}) {
    const auto disk = work_.path() / name;
    TRY_VOID(make_disk({.root = root(), .work = work_.path(), .disk = disk, .mib = 16, .ima_key = std::move(key)}, processes_, soon()));
    return sha256_of_file(disk);
  }
  std::string debugfs(std::string_view disk, std::string request) {
    const auto outcome = processes_.run(Command{"debugfs", "-R", std::move(request), (work_.path() / disk).string()}, {.deadline = soon(), .input = {}, .on_line = {}});
    return outcome ? outcome->out + outcome->err : outcome.error().to_string();
  }
  TempDir work_ = *TempDir::make({}, "diglab-disk");
  SystemProcesses processes_;
};

TEST_F(DiskTest, has_the_same_bytes_whenever_it_is_made) {
  const auto first = make("first");
  ASSERT_TRUE(first) << first.error().to_string();
  // Another change time, and another directory time, as a later build would have.
  ASSERT_TRUE(write_file(root() / "usr/bin/other", ""));
  fs::remove(root() / "usr/bin/other");
  fs::permissions(root() / "usr/bin/program", fs::status(root() / "usr/bin/program").permissions());
  const auto mtime = fs::last_write_time(root() / "usr/bin/program");
  ASSERT_TRUE(write_file(root() / "usr/bin/program", "content"));
  fs::last_write_time(root() / "usr/bin/program", mtime);
  const auto second = make("second");
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_EQ(*first, *second);
  EXPECT_THAT(debugfs("first", "cat /usr/bin/program"), HasSubstr("content"));
}

TEST_F(DiskTest, carries_a_signature_on_every_file_when_asked) {
  const auto key = make_private_key();
  ASSERT_TRUE(key);
  ASSERT_TRUE(write_file(work_.path() / "key.pem", *pem_of(key->get())));
  const auto disk = make("signed", work_.path() / "key.pem");
  ASSERT_TRUE(disk) << disk.error().to_string();
  EXPECT_THAT(debugfs("signed", "ea_list /usr/bin/program"), HasSubstr("security.ima (265)"));
  EXPECT_THAT(debugfs("signed", "ea_list \"/etc/\"\"quoted\"\" [name]\""), HasSubstr("security.ima (265)"));
  EXPECT_THAT(debugfs("signed", "ls /usr/bin"), testing::Not(HasSubstr(".sig")));
  const auto attribute = [&](const char* file, const char* name) { return attribute_on_disk(work_.path() / "signed", file, name, processes_); };
  const auto signature = attribute("/etc/\"quoted\" [name]", "security.ima");
  ASSERT_TRUE(signature) << signature.error().to_string();
  EXPECT_EQ(signature->size(), 265u);
  EXPECT_EQ(signature->at(0), 3);
  EXPECT_TRUE(attribute("/usr/bin/program", "security.evm")->empty());
  EXPECT_FALSE(attribute("/usr/bin/none", "security.ima"));
}

TEST_F(DiskTest, that_is_too_small_is_a_fault_of_the_laboratory) {
  ASSERT_TRUE(write_file(root() / "usr/large", std::string(std::size_t{32} << 20, 'x')));
  const auto disk = make("full");
  ASSERT_FALSE(disk);
  EXPECT_EQ(disk.error().kind(), ErrorKind::infra);
  EXPECT_THAT(disk.error().to_string(), HasSubstr("16 MiB"));
}

TEST_F(DiskTest, of_programs_without_their_libraries_is_noticed) {
  fs::copy_file("/usr/bin/env", root() / "usr/bin/env");
  const auto missing = missing_libraries(root());
  ASSERT_TRUE(missing) << missing.error().to_string();
  EXPECT_THAT(*missing, Contains("/usr/bin/env needs libc.so.6"));
  fs::create_directories(root() / "usr/lib/x86_64-linux-gnu");
  fs::create_symlink("/usr/lib/elsewhere", root() / "usr/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_THAT(*missing_libraries(root()), Contains("/usr/bin/env needs libc.so.6")) << "a dangling link is no library";
  ASSERT_TRUE(write_file(root() / "usr/lib/elsewhere", ""));
  EXPECT_THAT(*missing_libraries(root()), testing::Not(Contains("/usr/bin/env needs libc.so.6")));
}

}  // namespace
}  // namespace diglab
