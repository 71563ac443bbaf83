// SPDX-License-Identifier: GPL-2.0-or-later
// The real agent and the real client, both on this host: what needs no guest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>
#include <future>
#include <thread>

#include "agent/running_agent_test.h"
#include "guest/protocol.h"
#include "os/files.h"

namespace diglab::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class AgentTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(client_.hello(soon())); }

  static Deadline soon() { return Deadline::in(30s); }
  CommandOutcome shell(const std::string& script) { return must(client_.run(GuestCommand{{"/bin/sh", "-c", script}}, soon())); }
  ActionOutcome act(Action action) { return must(client_.act(action, soon())); }
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

  template <typename T>
  static T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().to_string());
    return std::move(*result);
  }

  TempDir directory_ = must(TempDir::make());
  RunningAgent agent_;
  AgentClient client_{agent_.stream()};
};

TEST_F(AgentTest, ACommandRunsWithItsOutputsAndStatus) {
  auto outcome = shell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(outcome.ending, Ending(Exited{7}));
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
}

TEST_F(AgentTest, AKilledProgramIsNotOneThatExited) {
  EXPECT_EQ(shell("kill -SEGV $$").ending, Ending(Killed{SIGSEGV, "SIGSEGV"}));
  EXPECT_FALSE(shell("kill -9 $$").ok());
}

TEST_F(AgentTest, AProgramThatCannotStartSaysWhichErrno) {
  ASSERT_TRUE(write_file(directory_.path() / "plain", "text"));
  EXPECT_EQ(act({{call::Exec{"/no/such/program"}}}).ending, Ending(Failed{0, "execve", {ENOENT, "ENOENT"}}));
  EXPECT_EQ(act({{call::Exec{path("plain")}}}).ending, Ending(Failed{0, "execve", {EACCES, "EACCES"}}));
  ASSERT_EQ(::chmod(path("plain").c_str(), 0755), 0);
  EXPECT_EQ(act({{call::Exec{path("plain")}}}).ending, Ending(Failed{0, "execve", {ENOEXEC, "ENOEXEC"}}));
}

TEST_F(AgentTest, TheEnvironmentInputAndDirectoryAreExactlyTheGivenOnes) {
  GuestCommand command{{"/bin/sh", "-c", "pwd; cat; env | grep -v -e ^PWD= -e ^_= -e SHLVL; ls /proc/self/fd | wc -l"}};
  command.environment = {{"A", "1"}, {"PATH", "/usr/bin:/bin"}};
  command.directory = "/usr";
  command.input = "typed\n";
  auto outcome = must(client_.run(command, soon()));
  EXPECT_EQ(outcome.out, "/usr\ntyped\nA=1\nPATH=/usr/bin:/bin\n4\n") << "0 to 2 and the one that ls itself opens";
}

TEST_F(AgentTest, OutputIsStreamedWhileTheProgramRuns) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  std::string seen;
  auto outcome = client_.run(GuestCommand{{"/bin/sh", "-c", "echo waiting; read line < " + path("fifo") + "; echo $line"}}, soon(),
                             [&](const AgentClient::Output& output) {
                               seen += output.bytes;
                               if (seen == "waiting\n") {
                                 int fd = ::open(path("fifo").c_str(), O_WRONLY | O_CLOEXEC);
                                 (void)!::write(fd, "go\n", 3);
                                 ::close(fd);
                               }
                             });
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->out, "waiting\ngo\n");
}

TEST_F(AgentTest, FloodsOfOutputArriveWholeOrCutAtTheLimit) {
  auto whole = shell("head -c 20000000 /dev/zero; head -c 3000000 /dev/zero >&2");
  EXPECT_EQ(whole.out.size(), 20000000U);
  EXPECT_EQ(whole.err.size(), 3000000U);
  EXPECT_FALSE(whole.truncated);
  Action action{{call::Exec{"/bin/sh", {"sh", "-c", "head -c 1000000 /dev/zero; echo end >&2"}}}};
  action.output_limit = 1000;
  auto cut = act(action);
  EXPECT_EQ(cut.out.size(), 1000U);
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.err, "end\n");
}

TEST_F(AgentTest, ADaemonThatKeepsTheOutputOpenDoesNotHoldUpTheReply) {
  auto outcome = shell("sleep 100 & echo $!");
  EXPECT_EQ(outcome.ending, Ending(Exited{0}));
  auto pid = std::stoi(outcome.out);
  EXPECT_EQ(act({{call::Kill{pid, SIGKILL}}}).ending, Ending(Done{}));
}

TEST_F(AgentTest, TheDeadlineKillsTheWholeGroupAndIsAnOutcomeOfItsOwn) {
  GuestCommand command{{"/bin/sh", "-c", "echo begun; sleep 100; echo never"}};
  command.timeout = 200ms;
  auto outcome = must(client_.run(command, soon()));
  EXPECT_EQ(outcome.ending, Ending(DeadlinePassed{}));
  EXPECT_EQ(outcome.out, "begun\n");
}

TEST_F(AgentTest, ARequestGivenUpIsKilled) {
  auto outcome = client_.run(GuestCommand{{"/bin/sh", "-c", "echo $$ > " + path("pid") + "; exec sleep 100"}}, Deadline::in(500ms));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::timeout);
  auto pid = std::stoi(must(read_file(directory_.path() / "pid")));
  // The kill follows from a frame, not from our call: ask the agent, whose answers come after it, until it is seen.
  Ending ending = Done{};
  for (auto until = soon(); !until.expired() && ending == Ending(Done{});) ending = act({{call::Kill{pid, 0}}}).ending;
  EXPECT_EQ(ending, Ending(Failed{0, "kill", {ESRCH, "ESRCH"}}));
}

TEST_F(AgentTest, FortyProgramsAreReleasedTogether) {
  std::vector<GuestCommand> commands;
  for (int i = 0; i < 40; ++i) commands.push_back({{"/bin/sh", "-c", "echo " + std::to_string(i) + "; exit " + std::to_string(i)}});
  auto outcomes = must(client_.run_parallel(commands, soon()));
  ASSERT_EQ(outcomes.size(), 40U);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(outcomes[static_cast<std::size_t>(i)].ending, Ending(Exited{i}));
    EXPECT_EQ(outcomes[static_cast<std::size_t>(i)].out, std::to_string(i) + "\n");
  }
}

TEST_F(AgentTest, OneThatCannotStartDoesNotHoldUpTheOthers) {
  auto outcomes = must(client_.act_together({{{call::Exec{"/bin/true"}}}, {{call::Exec{"/no/such"}}}, {{call::ChangeDirectory{"/"}}}}, soon()));
  EXPECT_EQ(outcomes[0].ending, Ending(Exited{0}));
  EXPECT_EQ(outcomes[1].ending, Ending(Failed{0, "execve", {ENOENT, "ENOENT"}}));
  EXPECT_EQ(outcomes[2].ending, Ending(Done{}));
}

TEST_F(AgentTest, RequestsOfSeveralThreadsRunAtTheSameTime) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto reader = std::async(std::launch::async, [&] { return shell("cat " + path("fifo")); });
  auto writer = std::async(std::launch::async, [&] { return shell("echo across > " + path("fifo")); });
  EXPECT_EQ(reader.get().out, "across\n");
  EXPECT_TRUE(writer.get().ok());
}

TEST_F(AgentTest, TheFirstCallThatFailsEndsTheActionAndIsNamed) {
  auto outcome = act({{call::Write{GuestFile::at(path("a")), "x"}, call::Rename{path("a"), path("b")}, call::Unlink{path("a")},
                       call::Write{GuestFile::at(path("c")), "never"}}});
  EXPECT_EQ(outcome.ending, Ending(Failed{2, "unlink", {ENOENT, "ENOENT"}}));
  EXPECT_EQ(must(read_file(directory_.path() / "b")), "x");
  EXPECT_FALSE(read_file(directory_.path() / "c"));
}

TEST_F(AgentTest, MappingsAndProtectionsAreTried) {
  ASSERT_TRUE(write_file(directory_.path() / "code", std::string(5000, 'c')));
  EXPECT_EQ(act({{call::Map{GuestFile::at(path("code"))}}}).ending, Ending(Done{}));
  EXPECT_EQ(act({{call::Protect{GuestFile::at(path("code"))}}}).ending, Ending(Done{}));
  EXPECT_EQ(act({{call::Map{GuestFile::at(path("code")), PROT_READ | PROT_WRITE, MAP_SHARED}}}).ending,
            Ending(Failed{0, "mmap", {EACCES, "EACCES"}}));
  EXPECT_EQ(act({{call::Map{GuestFile::at("/no/such")}}}).ending, Ending(Failed{0, "open", {ENOENT, "ENOENT"}}));
  EXPECT_EQ(act({{call::UnloadModule{"no_such_module"}}}).ending.index(), Ending(Failed{}).index());
}

TEST_F(AgentTest, AHeldFileIsTheOneThatWasOpenedWhateverIsAtItsPathNow) {
  must(client_.write_file(path("tool"), "#!/bin/sh\necho old\n", 0755, soon(), ::getuid(), ::getgid()));
  EXPECT_EQ(act({{call::Open{path("tool"), O_RDONLY, 0, "kept"}}}).ending, Ending(Done{}));
  must(client_.write_file(path("new"), "#!/bin/sh\necho new\n", 0755, soon(), ::getuid(), ::getgid()));
  ASSERT_TRUE(act({{call::Rename{path("new"), path("tool")}}}).ok());
  Action held{{call::Read{GuestFile::held("kept")}}};
  held.want_digests = true;
  EXPECT_EQ(act(held).digests[0], sha256_of("#!/bin/sh\necho old\n"));
  // The interpreter is given /dev/fd/<n>, and the descriptor is closed on exec: the kernel's answer for scripts.
  EXPECT_EQ(act({{call::ExecDescriptor{GuestFile::held("kept")}}}).ending, Ending(Failed{0, "execveat", {ENOENT, "ENOENT"}}));
  EXPECT_EQ(act({{call::Exec{path("tool")}}}).out, "new\n");
  EXPECT_TRUE(must(client_.release("kept", soon())));
  EXPECT_FALSE(must(client_.release("kept", soon())));
  EXPECT_EQ(act(held).ending, Ending(Failed{0, "handle", {EBADF, "EBADF"}}));
}

TEST_F(AgentTest, ADescriptorIsExecuted) {
  auto outcome = act({{call::ExecDescriptor{GuestFile::at("/bin/echo"), {"echo", "by descriptor"}}}});
  EXPECT_EQ(outcome.ending, Ending(Exited{0}));
  EXPECT_EQ(outcome.out, "by descriptor\n");
}

TEST_F(AgentTest, DigestsAreOfWhatWasExecuted) {
  Action action{{call::ChangeDirectory{"/"}, call::Exec{"/bin/true"}}};
  action.want_digests = true;
  auto outcome = act(action);
  EXPECT_EQ(outcome.ending, Ending(Exited{0}));
  EXPECT_EQ(outcome.digests.size(), 1U);
  EXPECT_EQ(outcome.digests[1], must(sha256_of_file("/bin/true")));
  action.calls[1] = call::Exec{path("absent")};
  EXPECT_TRUE(act(action).digests.empty());
}

TEST_F(AgentTest, FilesOfUnknownSizeAndBinaryContentComeWhole) {
  std::string content(300000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7);
  auto written = must(client_.write_file(path("bin\xff"), content, 0640, soon(), ::getuid(), ::getgid()));
  EXPECT_EQ(written.error, GuestErrno{});
  EXPECT_EQ(written.written, content.size());
  EXPECT_EQ(must(client_.read_file(path("bin\xff"), soon())).content, content);
  struct stat status {};
  ASSERT_EQ(::stat(path("bin\xff").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_THAT(must(client_.read_file("/proc/self/status", soon())).content, HasSubstr("PPid:\t" + std::to_string(agent_.pid())));
  auto absent = must(client_.read_file(path("absent"), soon()));
  EXPECT_EQ(absent.error, (GuestErrno{ENOENT, "ENOENT"}));
  EXPECT_EQ(absent.stage, "open");
  EXPECT_EQ(must(client_.read_file("/", soon())).error.name, "EISDIR");
  EXPECT_EQ(must(client_.write_once(path("absent"), "x", soon())).error.name, "ENOENT");
  EXPECT_EQ(must(client_.write_file(path("empty"), "", 0600, soon(), ::getuid(), ::getgid())).error, GuestErrno{});
}

TEST_F(AgentTest, ATreeIsListedWithDigestsAndTargets) {
  must(client_.write_file(path("file"), "content", 0600, soon(), ::getuid(), ::getgid()));
  ASSERT_TRUE(act({{call::MakeDirectory{path("sub")}, call::Symlink{"../file", path("sub/link")}}}).ok());
  auto entries = must(client_.tree(directory_.path(), true, soon()));
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[1].path, path("file"));
  EXPECT_EQ(entries[1].sha256, sha256_of("content"));
  EXPECT_EQ(entries[1].mode, 0600U);
  EXPECT_EQ(entries[2].type, 'd');
  EXPECT_EQ(entries[3].target, "../file");
  EXPECT_FALSE(client_.tree(path("absent"), false, soon()));
}

TEST_F(AgentTest, AShutdownIsAnsweredBeforeItHappens) {
  ASSERT_TRUE(client_.reboot(true, soon()));
  EXPECT_EQ(WEXITSTATUS(agent_.wait()), 42);
}

TEST_F(AgentTest, ARestoreKillsWhatRanForTheOldEpochAndASaveDoesNot) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto kept = std::async(std::launch::async, [&] { return client_.run(GuestCommand{{"/bin/sh", "-c", "echo a; cat " + path("fifo")}}, soon()); });
  EXPECT_EQ(shell("true").ending, Ending(Exited{0}));
  ASSERT_TRUE(client_.after_save(soon()));
  shell("echo b > " + path("fifo"));
  auto outcome = kept.get();
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->out, "a\nb\n");

  std::promise<void> begun;
  auto lost = std::async(std::launch::async, [&] {
    bool first = true;
    return client_.run(GuestCommand{{"/bin/sh", "-c", "while :; do echo $$; done"}}, soon(), [&](const AgentClient::Output&) {
      if (std::exchange(first, false)) begun.set_value();
    });
  });
  begun.get_future().wait();
  ASSERT_TRUE(client_.after_restore(soon()));
  auto error = lost.get();
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().kind(), ErrorKind::diverged);
  EXPECT_EQ(shell("echo fresh").out, "fresh\n");
}

// A sender's last message and its end may arrive while the receiver is between looking for the one and for the other.
TEST(ChannelTest, TheLastMessageOfAProcessThatEndsIsNeverTakenForItsEnd) {
  // Where the cores are busy with other things a round takes long, and many would say no more than some.
  const auto enough = std::chrono::steady_clock::now() + 20s;
  for (int round = 0; round < 30000 && std::chrono::steady_clock::now() < enough; ++round) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    std::atomic<bool> receiving = false;
    std::thread sender([&] {
      while (!receiving) {
      }
      Channel(pair[1]).send(Message::reply, "last words");
      ::close(pair[1]);
    });
    std::vector<Received> heard;
    for (auto state = ReceiveState::nothing_yet; state != ReceiveState::closed;) {
      Received received{};
      receiving = true;
      state = receive(pair[0], received);
      if (state == ReceiveState::message) heard.push_back(received);
    }
    sender.join();
    ::close(pair[0]);
    ASSERT_EQ(heard.size(), 1U) << "round " << round;
  }
}

TEST_F(AgentTest, TheAgentLeavesWithoutComplaintAndWithoutZombies) {
  shell("true");
  auto children = must(client_.read_file("/proc/" + std::to_string(agent_.pid()) + "/task/" + std::to_string(agent_.pid()) + "/children", soon()));
  EXPECT_EQ(std::ranges::count(children.content, ' '), 1) << "only the process that reads this file: " << children.content;
  EXPECT_EQ(agent_.end(), 0);
}

}  // namespace
}  // namespace diglab::agent
