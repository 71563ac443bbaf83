// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include <regex>

#include "os/files.h"
#include "os/process.h"
#include "report/html.h"
#include "report/sample_run.h"

namespace diglab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// The sample run's page, opened from a file by headless Chromium.
class Browser : public testing::Test {
 protected:
  void SetUp() override {
    std::error_code error;
    if (!std::filesystem::exists("/usr/bin/chromium", error)) GTEST_SKIP() << "chromium is not installed";
    auto directory = TempDir::make();
    ASSERT_TRUE(directory) << directory.error().to_string();
    directory_.emplace(std::move(*directory));
    const StreamBuilder run = sample_run();
    ASSERT_TRUE(write_file(page(), to_html(run.events(), judge(run.events(), run.reader()))));
  }

  [[nodiscard]] std::filesystem::path page() const { return directory_->path() / "report.html"; }

  ProcessOutcome open(std::initializer_list<std::string> options) {
    Command command{"/usr/bin/chromium",
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--window-size=1300,2000",
                    "--user-data-dir=" + (directory_->path() / "profile").string(),
                    "--enable-logging=stderr"};
    command.add(options);
    command.add("file://" + page().string());
    SystemProcesses processes;
    auto outcome =
        processes.run(command, {.deadline = Deadline::in(std::chrono::minutes(3)), .input = {}, .on_line = {}});
    if (!outcome) {
      ADD_FAILURE() << outcome.error().to_string();
      return {};
    }
    EXPECT_TRUE(outcome->end.succeeded()) << outcome->end.to_string() << "\n" << outcome->err;
    return std::move(*outcome);
  }

  std::optional<TempDir> directory_;
};

TEST_F(Browser, shows_verdicts_moves_and_unfolded_details_without_an_error) {
  const ProcessOutcome outcome = open({"--dump-dom"});
  const std::string& dom = outcome.out;
  for (const char* verdict : {"pass", "fail", "broken", "skip"}) {
    const std::string badge = std::string("<span class=\"badge ") + verdict + "\">" + verdict + "</span>";
    EXPECT_THAT(dom, HasSubstr(badge));
  }
  // What needs a reader is open, what passed is folded.
  EXPECT_TRUE(std::regex_search(
      dom, std::regex("<details class=\"scenario fail\"[^>]*id=\"s-measure-pcr-predictable\"[^>]*open")));
  EXPECT_FALSE(std::regex_search(dom, std::regex("<details class=\"scenario pass\"[^>]* open")));
  // The measurement that moved, in the table and in the drawing, which the parser took as one.
  EXPECT_THAT(dom, HasSubstr("moved 3 earlier</td><td class=\"path\">/usr/bin/ld.bfd</td>"));
  EXPECT_TRUE(std::regex_search(dom, std::regex("<path class=\"link moved\" d=\"M[^\"]*\"></path>")));
  EXPECT_THAT(dom, HasSubstr("BUG: kernel NULL pointer dereference"));
  EXPECT_THAT(dom, Not(HasSubstr("<script")));
  // Console messages, among them refusals by the page's own security policy, come out as "CONSOLE".
  EXPECT_THAT(outcome.err, Not(HasSubstr("CONSOLE"))) << outcome.err;
}

TEST_F(Browser, draws_something) {
  const auto picture = directory_->path() / "page.png";
  open({"--screenshot=" + picture.string()});
  const auto bytes = read_file(picture);
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  EXPECT_TRUE(bytes->starts_with("\x89PNG"));
  EXPECT_GT(bytes->size(), 100'000u) << "an empty page of this size compresses to a fraction of it";
}

}  // namespace
}  // namespace diglab
