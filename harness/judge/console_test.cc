// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/console.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/source_directory.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// A golden file is lines "EVENT: kind first-line number-of-lines title", an empty line, and the console.
struct Golden {
  std::string header;
  std::string console;
};

Golden load(const fs::path& file) {
  std::string text = *read_file(file);
  std::size_t end = text.starts_with("\n") ? 0 : text.find("\n\n") + 1;
  return {.header = text.substr(0, end), .console = text.substr(end + 1)};
}

std::string header_of(const std::vector<ConsoleEvent>& events) {
  std::string header;
  for (const ConsoleEvent& event : events)
    header += fmt::format("EVENT: {} {} {} {}\n", to_string(event.kind), event.line, std::ranges::count(event.excerpt, '\n'), event.title);
  return header;
}

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(source_directory() / "harness/judge/testdata/console")) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

class ConsoleGolden : public testing::TestWithParam<fs::path> {};

TEST_P(ConsoleGolden, IsClassifiedAsItsHeaderSays) {
  Golden golden = load(GetParam());
  std::string found = header_of(classify_console(golden.console));
  if (std::getenv("DIGLAB_UPDATE_GOLDEN") != nullptr) ASSERT_TRUE(write_file(GetParam(), found + "\n" + golden.console).has_value());
  else EXPECT_EQ(found, golden.header) << GetParam();
}

TEST_P(ConsoleGolden, IsTheSameWithCarriageReturnsAndCutAnywhereDoesNoHarm) {
  Golden golden = load(GetParam());
  std::string with_returns;
  for (char c : golden.console) with_returns += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(header_of(classify_console(with_returns)), header_of(classify_console(golden.console)));
  std::size_t step = std::max<std::size_t>(golden.console.size() / 50, 1);
  for (std::size_t cut = 0; cut < golden.console.size(); cut += step)
    EXPECT_LE(classify_console(std::string_view(golden.console).substr(0, cut)).size(), classify_console(golden.console).size());
}

INSTANTIATE_TEST_SUITE_P(Console, ConsoleGolden, testing::ValuesIn(golden_files()), [](const auto& golden) {
  std::string name = golden.param.stem();
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

TEST(Console, LineIsClassifiedThroughLevelsAndTimeStamps) {
  EXPECT_EQ(classify_line("Kernel panic - not syncing: x"), ConsoleEventKind::panic);
  EXPECT_EQ(classify_line("[    1.234567] Kernel panic - not syncing: x\r"), ConsoleEventKind::panic);
  EXPECT_EQ(classify_line("<0>[    1.234567][    T1] Kernel panic - not syncing: x"), ConsoleEventKind::panic);
  EXPECT_EQ(classify_line("[    1.234567] <0> Kernel panic - not syncing: x"), ConsoleEventKind::panic);
  EXPECT_EQ(classify_line("login: [   12.345678] kernel BUG at mm/slub.c:1!"), ConsoleEventKind::bug);
}

TEST(Console, WhatOnlyMentionsTroubleIsNone) {
  for (const char* line : {"", "[", "[    0.000000] Command line: panic=-1 oops=panic", "[    1.000000] Spectre V2 : WARNING: Unprivileged eBPF is enabled",
                           "[    1.000000] rcu: \tRCU lockdep checking is enabled.", "[    1.000000] traps: a[12] general protection fault ip:4 sp:7 error:0",
                           "[    1.000000] a[12]: segfault at 0 ip 4 sp 7 error 4", "echo Kernel panic - not syncing", "[    1.0] BUG: x",
                           "[    1.000000] Run /init as init process", "[    1.000000] WARNING: this is only a text"})
    EXPECT_EQ(classify_line(line), std::nullopt) << line;
}

TEST(Console, ProgramsThatSpeakLikeTheKernelAreNotBelievedWhenItStampsItsLines) {
  EXPECT_TRUE(classify_console("[    0.000000] Linux version 6.12\nBUG: kernel NULL pointer dereference in my script\n").empty());
  EXPECT_EQ(classify_console("Linux version 6.12\nBUG: kernel NULL pointer dereference, address: 8\n").size(), 1u);
}

TEST(Console, EndlessReportIsCut) {
  std::string text = "[    1.000000] kernel BUG at a.c:1!\n";
  for (int i = 0; i < 1000; ++i) text += "[    1.000001] something else\n";
  auto events = classify_console(text);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_LE(std::ranges::count(events[0].excerpt, '\n'), 120);
}

}  // namespace
}  // namespace diglab
