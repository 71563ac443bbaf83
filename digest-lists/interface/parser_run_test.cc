// SPDX-License-Identifier: GPL-2.0-or-later
#include "interface/parser_run.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "os/files.h"

namespace diglim {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Scripts in the place of the parser.
class ParserRun : public testing::Test {
 protected:
  /// `ends_with`: behind a line in `asked` for each run, how many words and which is the last.
  void put_parser(const std::string& ends_with) {
    std::ofstream(program()) << "#!/bin/sh\nfor last; do :; done\necho $# $last >> " << path("asked") << "\n" << ends_with << "\n";
    std::filesystem::permissions(program(), std::filesystem::perms(0755));
  }
  [[nodiscard]] std::string path(const char* name) const { return (directory_.path() / name).string(); }
  [[nodiscard]] std::string program() const { return path("parser"); }
  [[nodiscard]] std::string asked() const { return diglab::read_file(path("asked")).value_or(""); }
  [[nodiscard]] ParserResult add(const std::vector<std::string>& paths) const { return run_parser(program(), ParserOperation::add, paths); }

 private:
  diglab::TempDir directory_ = *diglab::TempDir::make({}, "diglim-test");
};

TEST_F(ParserRun, is_one_for_all_lists) {
  put_parser("echo \"$1\"; echo warning >&2; env");
  const auto result = run_parser(program(), ParserOperation::del, std::vector<std::string>(174, "/usr/lib/diglim/list"));
  EXPECT_EQ(result.status, ParserResult::done);
  EXPECT_THAT(result.messages, testing::AllOf(testing::StartsWith("del\nwarning\n"), Not(HasSubstr("HOME="))));
  EXPECT_EQ(asked(), "175 /usr/lib/diglim/list\n");
  EXPECT_EQ(add({}).status, ParserResult::done);
  EXPECT_EQ(asked(), "175 /usr/lib/diglim/list\n");
}

TEST_F(ParserRun, is_not_given_more_than_a_command_line_holds) {
  put_parser("");
  std::vector<std::string> paths(700, "/" + std::string(250, 'a'));
  paths.emplace_back("/" + std::string(std::size_t{120} << 10, 'b'));
  paths.emplace_back("/c");
  EXPECT_EQ(add(paths).status, ParserResult::done);
  const std::string a = " " + paths.front() + "\n";
  EXPECT_EQ(asked(), "379" + a + "323" + a + "2 " + paths[700] + "\n2 /c\n");
}

TEST_F(ParserRun, goes_on_after_a_refusal_and_says_it) {
  const std::string large = "/" + std::string(std::size_t{90} << 10, 'a');
  put_parser("case $last in /bad*) echo \"$last\" | cut -c1-4; exit 1;; /kill*) kill -9 $$;; esac");
  const auto refused = add({large, "/bad" + large, large});
  EXPECT_EQ(refused.status, ParserResult::refused);
  EXPECT_EQ(refused.messages, "/bad\n");
  EXPECT_THAT(asked(), testing::EndsWith("\n2 " + large + "\n"));
  const auto killed = add({"/kill" + large, large});
  EXPECT_EQ(killed.status, ParserResult::refused);
  EXPECT_EQ(killed.messages, program() + " was killed by signal 9\n");
}

TEST_F(ParserRun, holds_up_others_also_when_its_caller_is_gone) {
  std::filesystem::create_directory(path(".rpm"));
  put_parser("read -r line < " + path("go"));
  ASSERT_EQ(::mkfifo(path("go").c_str(), 0600), 0);
  const pid_t caller = ::fork();
  if (caller == 0) {
    const DirectoryLock lock(path(""));
    (void)run_parser(program(), ParserOperation::add, {"/a"}, lock);
    ::_exit(0);
  }
  const int go = ::open(path("go").c_str(), O_WRONLY | O_CLOEXEC);  // When the parser reads.
  ::kill(caller, SIGKILL);
  EXPECT_EQ(::waitpid(caller, nullptr, 0), caller);
  bool waited = false;
  const DirectoryLock next(path(""), [&] {
    waited = true;
    ::close(go);
  });
  EXPECT_TRUE(next);
  EXPECT_TRUE(waited);
}

TEST_F(ParserRun, that_cannot_be_is_told_from_a_refusal) {
  EXPECT_EQ(add({"/a"}).status, ParserResult::no_program);
  put_parser("exit 3");
  EXPECT_EQ(add({"/a"}).status, ParserResult::no_kernel);
  std::filesystem::permissions(program(), std::filesystem::perms(0644));
  const auto failed = add({"/a"});
  EXPECT_EQ(failed.status, ParserResult::failed);
  EXPECT_EQ(failed.messages, "cannot run " + program() + ": Permission denied");
}

}  // namespace
}  // namespace diglim
