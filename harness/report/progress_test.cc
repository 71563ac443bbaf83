// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/progress.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "report/sample_run.h"

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A terminal, as far as Progress uses one.
class Screen {
 public:
  void write(std::string_view text) {
    while (!text.empty()) {
      if (text.starts_with("\x1b[")) {
        const std::size_t end = text.find_first_of("ABCDEFGHJKm");
        const std::string_view number = text.substr(2, end - 2);
        if (text[end] == 'A') row_ -= std::min(row_, static_cast<std::size_t>(std::stoul(std::string(number))));
        if (text[end] == 'J') lines_.resize(row_);
        text.remove_prefix(end + 1);
      } else if (text[0] == '\r') {
        text.remove_prefix(1);
      } else if (text[0] == '\n') {
        ++row_;
        text.remove_prefix(1);
      } else {
        if (lines_.size() <= row_) lines_.resize(row_ + 1);
        lines_[row_] += text[0];
        text.remove_prefix(1);
      }
    }
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  std::size_t row_ = 0;
};

TEST(Progress, live_lines_are_redrawn_in_place_and_finished_scenarios_stay_above) {
  const StreamBuilder run = sample_run();
  Screen screen;
  ProgressStyle style{.live = true, .colour = false, .size = [] { return TerminalSize{100, 24}; }};
  Progress progress(style, run.reader(), [&](std::string_view text) { screen.write(text); });
  std::vector<std::string> while_working;
  for (const Event& event : run.events()) {
    progress(event);
    const auto* step = std::get_if<event::StepBegin>(&event.body);
    if (step && step->where.scenario.str() == "measure/pcr-predictable" && step->where.round == 2)
      while_working = screen.lines();
  }
  ASSERT_GE(while_working.size(), 2u);
  EXPECT_EQ(while_working[while_working.size() - 2],
            "  measure/pcr-predictable  main  round 2/3  4.4 s  work: do work");
  EXPECT_THAT(while_working.back(), HasSubstr("4/10 done, 1 pass, 3 fail, "));
  progress.finish();
  EXPECT_EQ(screen.lines().front(), "20250615-150640: 10 scenarios, tcg");
  EXPECT_THAT(screen.lines()[1], testing::StartsWith("PASS   appraise/unknown-denied  "));
  EXPECT_THAT(screen.lines().back(), HasSubstr("needs KVM")) << "no live line is left";
}

TEST(Progress, a_line_per_machine_while_two_work) {
  StreamBuilder a;
  Screen screen;
  Progress progress({.live = true, .colour = false, .size = [] { return TerminalSize{60, 24}; }}, a.reader(),
                    [&](std::string_view text) { screen.write(text); });
  const auto now = Progress::Time(std::chrono::seconds(1000));
  auto give = [&](event::Body body) { progress({now, std::move(body)}); };
  const ScenarioId x("x/one"), y("y/two");
  give(event::RunBegin{.run = "r",
                       .version = {},
                       .command = {},
                       .options = {},
                       .connection = {},
                       .acceleration = "kvm",
                       .host = {},
                       .scenarios = {x, y}});
  give(event::VariantBegin{.scenario = x, .variant = "main", .facts = {}});
  give(event::VariantBegin{.scenario = y, .variant = "control", .facts = {}});
  give(event::BootBegin{.where = {.scenario = y, .variant = "control", .round = 1, .boot = 2}, .machine = "m"});
  give(event::StepBegin{.where = {.scenario = x, .variant = "main", .round = 1, .boot = 1},
                        .step = CheckId("s"),
                        .repetition = 0,
                        .what = "a command\nof two lines\x1b[2J that goes on and on and on and on"});
  progress.tick(now + std::chrono::seconds(7));
  ASSERT_THAT(screen.lines(), testing::SizeIs(4));
  EXPECT_EQ(screen.lines()[1], "  x/one  main  7.0 s  s: a command of two lines\xe2\x90\x9b[2J that g\xe2\x80\xa6");
  EXPECT_EQ(screen.lines()[2], "  y/two  control  boot 2  7.0 s  booting");
  EXPECT_EQ(screen.lines()[3], "0/2 done, 7.0 s");
}

TEST(Progress, has_no_more_lines_than_the_terminal) {
  StreamBuilder a;
  std::size_t rows = 0;
  Screen screen;
  Progress progress({.live = true, .colour = false, .size = [] { return TerminalSize{60, 6}; }}, a.reader(), [&](std::string_view text) { screen.write(text); });
  const auto now = Progress::Time(std::chrono::seconds(1000));
  for (int i = 0; i < 5; ++i) {
    progress({now, event::VariantBegin{.scenario = ScenarioId(fmt::format("x/{}", i)), .variant = "main", .facts = {}}});
    progress.tick(now);
    rows = std::max(rows, screen.lines().size());
    if (i == 3) {
      EXPECT_THAT(screen.lines()[3], testing::StartsWith("  x/3")) << "as many as there is room for";
    }
  }
  EXPECT_EQ(rows, 5U) << "and one for the cursor";
  EXPECT_EQ(screen.lines()[3], "  and 2 more");
}

TEST(Progress, plain_output_has_no_control_sequence) {
  const StreamBuilder run = sample_run();
  std::string text;
  Progress progress({}, run.reader(), [&](std::string_view part) { text += part; });
  for (const Event& event : run.events()) progress(event);
  progress.finish();
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, may_be_fed_from_several_threads_while_it_keeps_time) {
  const StreamBuilder run = sample_run();
  std::size_t bytes = 0;
  Progress progress({.live = true, .colour = true, .size = [] { return TerminalSize{}; }}, run.reader(),
                    [&](std::string_view text) { bytes += text.size(); });
  progress.keep_time();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (const Event& event : run.events()) {
          if (!std::holds_alternative<event::ScenarioEnd>(event.body)) progress(event);
        }
      });
    }
  }
  progress.finish();
  EXPECT_GT(bytes, 1000u);
}

}  // namespace
}  // namespace diglab
