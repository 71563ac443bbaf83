// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/console_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "os/files.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

TEST(ConsoleLog, RecordsBytesAsTheyComeAndHandsOutWholeLines) {
  TempDir dir = *TempDir::make();
  std::vector<std::string> lines;
  auto console = *ConsoleLog::create(dir.path() / "boot-1", [&](std::string_view line) { lines.emplace_back(line); });
  console->append(view_of("one\r\ntw"));
  console->append(view_of("o\r\n"));
  console->mark("saved s1");
  console->append(view_of("part"));
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(*read_file(dir.path() / "boot-1.log"), "one\r\ntwo\r\npart");
  EXPECT_THAT(*read_file(dir.path() / "boot-1.index"),
              testing::MatchesRegex("0 [0-9.]+\n5 [0-9.]+\n10 [0-9.]+ saved s1\n10 [0-9.]+\n"));
  EXPECT_EQ(console->tail(1), "part");
  EXPECT_EQ(console->tail(2), "two\r\npart");
  EXPECT_EQ(console->tail(99), "one\r\ntwo\r\npart");
}

TEST(ConsoleLog, WaitFindsTextInPiecesAndFromAPlaceOn) {
  TempDir dir = *TempDir::make();
  auto console = *ConsoleLog::create(dir.path() / "boot-1", {});
  console->append(view_of("login: log"));
  EXPECT_EQ(console->wait_for("login:", Deadline::in(1s)), 6u);
  std::jthread writer([&] { console->append(view_of("in: x")); });
  EXPECT_EQ(console->wait_for("login:", Deadline::in(30s), 6), 13u);
  EXPECT_EQ(console->wait_for("never", Deadline::in(1ms)).error().kind(), ErrorKind::timeout);
}

TEST(ConsoleLog, EndOfTheMachineEndsTheWaitWithItsError) {
  TempDir dir = *TempDir::make();
  auto console = *ConsoleLog::create(dir.path() / "boot-1", {});
  std::jthread closer([&] { console->close(Error(ErrorKind::boot, "panic")); });
  auto waited = console->wait_for("never", Deadline::in(30s));
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().kind(), ErrorKind::boot);
}

TEST(ConsoleLog, FullDiskKeepsTheTextInMemoryAndIsReported) {
  TempDir dir = *TempDir::make();
  std::filesystem::create_symlink("/dev/full", dir.path() / "boot-1.log");
  auto console = *ConsoleLog::create(dir.path() / "boot-1", {});
  console->append(view_of("kept\n"));
  EXPECT_EQ(console->text(), "kept\n");
  ASSERT_TRUE(console->write_error().has_value());
  EXPECT_THAT(console->write_error()->message(), testing::HasSubstr("No space left"));
}

}  // namespace
}  // namespace diglab
