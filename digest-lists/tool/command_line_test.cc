// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/command_line.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <regex>
#include <set>

#include "base/source_directory.h"
#include "tool/completion.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const fs::path source = diglab::source_directory() / "digest-lists/tool";
const std::vector<fs::path> pages = {diglab::source_directory() / "digest-lists/parser/diglim-parser.8", source / "diglim.8",
                                     diglab::source_directory() / "rpm-plugin/rpm-plugin-diglim.8"};

/// Every option of every subcommand.
void collect_options(const CLI::App& app, std::set<std::string>& options, std::set<std::string>& commands) {
  for (auto& option : options_of(app)) options.insert(std::move(option));
  for (const CLI::App* each : app.get_subcommands({})) {
    commands.insert(each->get_name());
    collect_options(*each, options, commands);
  }
}

class TheProgram : public TestSystem {
 protected:
  diglab::ProcessOutcome diglim(std::vector<std::string> words) {
    diglab::Command command{DIGLIM_PROGRAM};
    for (auto& word : words) command.add(std::move(word));
    return *processes_.run(command, {});
  }
  int status_of(std::vector<std::string> words) { return diglim(std::move(words)).end.exit_status.value_or(-1); }
};

TEST_F(TheProgram, ends_with_the_documented_statuses) {
  put(at("/opt/program"), "program", 0755);
  EXPECT_EQ(status_of({"--help"}), 0);
  EXPECT_EQ(status_of({}), 2);
  EXPECT_EQ(status_of({"frobnicate"}), 2);
  EXPECT_EQ(status_of({"query"}), 2);
  EXPECT_EQ(status_of({"sign", "--pgp-key", "x", "--key", "y", "list"}), 2);
  EXPECT_EQ(status_of({"--root", root().string(), "generate", "files", "--name", "mine", "/opt/none"}), 2);
  EXPECT_EQ(status_of({"--root", root().string(), "generate", "files", "--name", "mine", "/opt"}), 0);
  EXPECT_EQ(status_of({"--root", root().string(), "query", "/opt/program"}), 1);
  EXPECT_EQ(status_of({"--interface", outside("none").string(), "status"}), 3);
}

TEST_F(TheProgram, says_in_one_line_what_is_wrong_with_the_command) {
  const auto said = [&](std::vector<std::string> words) { return diglim(std::move(words)).err; };
  EXPECT_EQ(said({}), "diglim: A subcommand is required; see diglim --help\n");
  EXPECT_EQ(said({"frobnicate"}), "diglim: 'frobnicate' is no command or option here; see diglim --help\n");
  EXPECT_EQ(said({"generate", "rpms"}), "diglim: 'rpms' is no command or option here; see diglim generate --help\n");
  EXPECT_EQ(said({"generate", "files"}), "diglim: --name is required; see diglim generate files --help\n");
  EXPECT_THAT(said({"sign", "--kye"}), HasSubstr("'--kye' is no command or option here; see diglim sign --help\n"));
  EXPECT_THAT(said({"status", "--fast"}), testing::AllOf(HasSubstr("diglim: "), HasSubstr("--fast"), HasSubstr("; see diglim status --help\n")));
  EXPECT_EQ(diglim({"status", "--help"}).err, "");
  // The options of all commands are said where somebody looks.
  EXPECT_THAT(diglim({"status", "--help"}).out, HasSubstr("--root DIR"));
}

TEST_F(TheProgram, takes_a_file_that_is_not_there_for_a_wrong_command) {
  const auto list = outside("0-file_list-compact-x").string(), none = outside("none").string();
  put(list, std::string("\1\0\1\0\0\0\4\0\0\0\0\0\0\0\0\0", 16));
  const std::vector<std::vector<std::string>> commands = {{"generate", "rpm", none + ".rpm", "-o", outside("out").string()},
                                                          {"generate", "files", "--from", none, "--name", "x", "-o", outside("out").string()},
                                                          {"verify", "--key", none, list},
                                                          {"sign", "--key", none, "--certificate", none, list},
                                                          {"diff", none, list},
                                                          {"query", none, "--installed"},
                                                          {"predict", "--cmdline", "ima_policy=diglim", "--initramfs", none}};
  for (const auto& command : commands) {
    const auto outcome = diglim(command);
    EXPECT_EQ(outcome.end.exit_status, 2) << command.front();
    EXPECT_THAT(outcome.err, HasSubstr(none)) << command.front();
  }
}

TEST_F(TheProgram, ends_when_it_is_interrupted_and_leaves_nothing) {
  // It waits for names; what it was to write is not there, whole or in part.
  run({"mkfifo", outside("names").string()});
  const auto command = std::string(DIGLIM_PROGRAM) + " generate files --root " + root().string() + " --name mine --from " + outside("names").string();
  const auto end = processes_.run({"bash", "-c", "timeout --preserve-status --signal=INT 0.5 " + command + "; exit $?"}, {});
  EXPECT_EQ(end->end.exit_status, 130);
  EXPECT_EQ(files_in(at("/etc/diglim")), 0u);
}

TEST_F(TheProgram, tells_programs_the_same_as_people) {
  put(at("/opt/program"), "program", 0755);
  const auto out = diglim({"--root", root().string(), "--json", "query", "/opt/program"}).out;
  const auto json = nlohmann::json::parse(out, nullptr, false);
  ASSERT_TRUE(json.is_array()) << out;
  EXPECT_FALSE(json[0]["runs"].get<bool>());
  EXPECT_EQ(json[0]["query"], "/opt/program");
}

TEST_F(TheProgram, does_not_call_a_full_disk_behind_standard_output_success) {
  put(outside("file"), "content");
  const auto end = processes_.run(
      {"sh", "-c", std::string(DIGLIM_PROGRAM) + " generate files -o - --name x " + outside("file").string() + " > /dev/full"}, {});
  EXPECT_EQ(end->end.exit_status, 3);
  EXPECT_THAT(end->err, HasSubstr("No space left"));
}

TEST_F(TheProgram, is_completed_by_bash) {
  fs::create_directories(outside("bin"));
  fs::create_symlink(DIGLIM_PROGRAM, outside("bin/diglim"));
  const auto complete = [&](const std::string& words, int at) {
    return run({"bash", "-c",
                "PATH=" + outside("bin").string() + ":$PATH; source " + (source / "diglim.bash").string() + "; COMP_WORDS=(" + words +
                    "); COMP_CWORD=" + std::to_string(at) + "; _diglim; echo \"${COMPREPLY[*]}\""});
  };
  EXPECT_EQ(complete("diglim s", 1), "setup sign status\n");
  EXPECT_EQ(complete("diglim --root / generate ''", 4), "files rpm unpackaged\n");
  EXPECT_EQ(complete("diglim sign --ke", 2), "--key\n");
  EXPECT_EQ(complete("diglim sign ''", 2), "\n");
}

TEST(Completion, offers_the_common_options_everywhere_and_hidden_ones_nowhere) {
  CommandLine command_line;
  EXPECT_THAT(complete(command_line.app(), {"load", "--"}), ElementsAre("--early", "--help", "--json", "--parser", "--root"));
}

TEST(TheManualPage, names_every_option_and_no_other) {
  CommandLine command_line;
  std::set<std::string> options, commands, documented;
  collect_options(command_line.app(), options, commands);
  auto page = diglab::read_file(source / "diglim.8").value();
  page = std::regex_replace(page, std::regex(R"(\\-)"), "-");
  const std::regex option("(?:^|[^-a-z])(--[a-z][-a-z]*)");
  for (std::sregex_iterator it(page.begin(), page.end(), option), end; it != end; ++it) documented.insert((*it)[1]);
  // What belongs to other programs.
  for (const char* foreign : {"--local-user", "--import", "--export"}) documented.erase(foreign);
  EXPECT_EQ(documented, options);
  for (const auto& command : commands) EXPECT_THAT(page, testing::ContainsRegex("\n\\.SS .*" + command)) << command;
}

TEST(TheManualPage, of_the_parser_names_every_option_of_it) {
  const auto page = std::regex_replace(diglab::read_file(pages.front()).value(), std::regex(R"(\\-)"), "-");
  const auto source_text = diglab::read_file(diglab::source_directory() / "digest-lists/parser/arguments.cc").value();
  const std::regex option("\"(--[a-z][-a-z]*=?)\"");
  int count = 0;
  for (std::sregex_iterator it(source_text.begin(), source_text.end(), option), end; it != end; ++it, ++count)
    EXPECT_THAT(page, HasSubstr((*it)[1].str())) << "in " << pages.front();
  EXPECT_GE(count, 3);
}

TEST(TheManualPages, are_shown_without_complaint) {
  diglab::SystemProcesses processes;
  for (const auto& page : pages) {
    const auto shown =
        processes.run(diglab::Command{"man", "--warnings", "--local-file", page.string()}.set("LC_ALL", "C.UTF-8").set("MANWIDTH", "80"), {});
    ASSERT_TRUE(shown) << shown.error().to_string();
    EXPECT_TRUE(shown->end.succeeded()) << page;
    EXPECT_EQ(shown->err, "") << page;
    EXPECT_THAT(shown->out, HasSubstr("SEE ALSO")) << page;
  }
}

}  // namespace
}  // namespace diglim::tool
