// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "os/byte_stream.h"
#include "os/clock.h"
#include "os/files.h"
#include "os/orphan_reaper.h"
#include "os/process.h"
#include "os/stop_signals.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

RunOptions within(std::chrono::seconds time) {
  RunOptions options;
  options.deadline = Deadline::in(time);
  return options;
}

TEST(Process, CapturesBothOutputsAndTheStatus) {
  SystemProcesses processes;
  auto outcome = processes.run({"sh", "-c", "echo out; echo err >&2; exit 3"}, within(20s));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().to_string();
  EXPECT_EQ(outcome->out, "out\n");
  EXPECT_EQ(outcome->err, "err\n");
  EXPECT_EQ(outcome->end.exit_status, 3);
  EXPECT_EQ(outcome->end.to_string(), "exit status 3");
}

TEST(Process, KilledBySignalIsNotAnExitStatus) {
  SystemProcesses processes;
  auto outcome = processes.run({"sh", "-c", "kill -9 $$"}, within(20s));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->end.signal, SIGKILL);
  EXPECT_FALSE(outcome->end.exit_status.has_value());
  EXPECT_FALSE(outcome->end.succeeded());
}

TEST(Process, GetsItsInputAndItsEnvironmentAndItsDirectory) {
  SystemProcesses processes;
  RunOptions options = within(20s);
  options.input = "given";
  Command command{"sh", "-c", "cat; echo $DIGLAB_X; pwd"};
  command.set("DIGLAB_X", "y z").in("/usr");
  auto outcome = processes.run(command, options);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->out, "giveny z\n/usr\n");
}

TEST(Process, InputThatNobodyReadsIsNoReasonToEnd) {
  SystemProcesses processes;
  RunOptions options = within(20s);
  options.input.assign(1 << 20, 'x');
  auto outcome = processes.run({"sh", "-c", "exec <&-; echo done"}, options);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->out, "done\n");
}

TEST(Process, LinesComeAsTheyArePrinted) {
  SystemProcesses processes;
  RunOptions options = within(20s);
  std::vector<std::string> lines;
  options.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  ASSERT_TRUE(processes.run({"sh", "-c", "echo a; echo b; printf c"}, options).has_value());
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Process, DeadlineKillsTheWholeGroup) {
  SystemProcesses processes;
  RunOptions options;
  options.deadline = Deadline::in(300ms);
  auto started = std::chrono::steady_clock::now();
  auto outcome = processes.run({"sh", "-c", "sleep 100 & sleep 100"}, options);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind(), ErrorKind::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 60s);
}

TEST(Process, StopRequestInterrupts) {
  SystemProcesses processes;
  std::stop_source stop;
  RunOptions options;
  options.deadline = Deadline::in(100s, stop.get_token());
  std::jthread stopper([&] { stop.request_stop(); });
  auto outcome = processes.run({"sleep", "100"}, options);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind(), ErrorKind::interrupted);
}

TEST(Process, MissingProgramIsNamed) {
  SystemProcesses processes;
  auto outcome = processes.run({"no-such-program-here"}, within(20s));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().message(), "no-such-program-here: no such program in PATH");
}

TEST(Process, CheckNamesCommandStatusAndErrors) {
  SystemProcesses processes;
  auto outcome = processes.check({"sh", "-c", "echo broken >&2; exit 1"}, within(20s));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().message(), "sh -c 'echo broken >&2; exit 1': exit status 1: broken");
}

TEST(Command, PrintsAsShell) {
  Command command{"make", "KCFLAGS=-O2 -g", "it's"};
  command.set("LC_ALL", "C").in("/a b");
  EXPECT_EQ(command.to_shell(), "cd '/a b' && LC_ALL=C make 'KCFLAGS=-O2 -g' 'it'\\''s'");
}

TEST(Files, WriteReplacesAtomicallyAndLeavesNoTemporary) {
  TempDir dir = *TempDir::make();
  auto path = dir.path() / "sub" / "file";
  ASSERT_TRUE(write_file(path, "one").has_value());
  ASSERT_TRUE(write_file(path, "two").has_value());
  EXPECT_EQ(read_file(path), "two");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path())) files += entry.exists() ? 1 : 0;
  EXPECT_EQ(files, 1);
}

TEST(Files, WriteThatIsInterruptedBeforeTheRenameLeavesNoTemporary) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    TempDir dir = *TempDir::make();
    const auto path = dir.path() / "file";
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(number, SIG_DFL);  // whatever the tests were started with
      ::ptrace(PTRACE_TRACEME);
      ::raise(SIGSTOP);
      ::_exit(write_file(path, "content") ? 0 : 1);
    }
    // From one system call's begin or end to the next, as far as the first fsync.
    int status = 0;
    ::__ptrace_syscall_info call{};
    while (::waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
      ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD);
      ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call);
      if (call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == SYS_fsync) break;
      ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    }
    ASSERT_TRUE(WIFSTOPPED(status)) << "it ended with " << status << " before it synced";
    EXPECT_FALSE(std::filesystem::exists(path));
    ::kill(child, number);
    ::ptrace(PTRACE_DETACH, child, nullptr, nullptr);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == number) << status;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) EXPECT_EQ(entry.path(), path);
    EXPECT_EQ(read_file(path).value_or("(none)"), "content");
  }
}

TEST(Files, FullDiskIsAnErrorThatNamesTheFile) {
  auto result = write_file("/dev/full/x", "text");
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message().find("/dev/full"), std::string::npos);
}

TEST(Files, ReadRefusesMoreThanTheLimit) {
  TempDir dir = *TempDir::make();
  ASSERT_TRUE(write_file(dir.path() / "f", "12345").has_value());
  EXPECT_EQ(read_file(dir.path() / "f", 4).error().kind(), ErrorKind::bad_input);
}

TEST(Files, TempDirGoesWithItsOwner) {
  std::filesystem::path path;
  {
    TempDir dir = *TempDir::make();
    path = dir.path();
    std::ofstream(path / "f") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Files, RemovalGoesOnWhereOthersRemoveToo) {
  const auto home = *TempDir::make();
  const auto tree = home.path() / "tree";
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(write_file(tree / std::to_string(i % 8) / std::to_string(i), "")) << i;
    std::jthread another([&] {
      std::error_code ignored;
      for (int i = 199; i >= 0; --i) std::filesystem::remove(tree / std::to_string(i % 8) / std::to_string(i), ignored);
    });
    const auto removed = remove_tree(tree);
    EXPECT_TRUE(removed) << removed.error().to_string();
    EXPECT_FALSE(std::filesystem::exists(tree));
  }
}

TEST(Files, LockIsExclusiveUntilReleased) {
  TempDir dir = *TempDir::make();
  auto path = dir.path() / "lock";
  {
    auto first = FileLock::try_acquire(path);
    ASSERT_TRUE(first.has_value() && *first);
    auto second = FileLock::try_acquire(path);
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(*second, nullptr);
    EXPECT_EQ(FileLock::acquire(path, Deadline::in(1ms)).error().kind(), ErrorKind::timeout);
  }
  auto third = FileLock::try_acquire(path);
  ASSERT_TRUE(third.has_value());
  EXPECT_NE(*third, nullptr);
}

TEST(Files, PublishKeepsWhoWasFirst) {
  TempDir dir = *TempDir::make();
  ASSERT_TRUE(write_file(dir.path() / "a" / "f", "first").has_value());
  ASSERT_TRUE(write_file(dir.path() / "b" / "f", "second").has_value());
  ASSERT_TRUE(publish_directory(dir.path() / "a", dir.path() / "cache" / "key").has_value());
  ASSERT_TRUE(publish_directory(dir.path() / "b", dir.path() / "cache" / "key").has_value());
  EXPECT_EQ(read_file(dir.path() / "cache" / "key" / "f"), "first");
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "b"));
}

TEST(ByteStream, PairCarriesBytesBothWaysAndReportsTheEnd) {
  auto [left, right] = make_stream_pair();
  ASSERT_TRUE(left->write_all(view_of("hello"), Deadline::in(1s)).has_value());
  std::array<std::uint8_t, 16> buffer{};
  EXPECT_EQ(right->read_some(buffer, Deadline::in(1s)), 5u);
  EXPECT_EQ(right->read_some(buffer, Deadline::in(1ms)).error().kind(), ErrorKind::timeout);
  left->close();
  EXPECT_EQ(right->read_some(buffer, Deadline::in(1s)), 0u);
}

TEST(Clock, PrintsRfc3339) {
  FakeClock clock;
  clock.advance(1500ms);
  EXPECT_EQ(to_rfc3339(clock.now()), "2023-11-14T22:13:21.500Z");
}

/// Forks, lets the child live under a reaper and do `work`, and says how the whole ended. `before` is done in the child, before there is a reaper.
int status_under_reaper(const std::function<void()>& work, const std::function<void(pid_t)>& meanwhile = {},
                        const std::function<void()>& before = {}) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (before) before();
    live_under_orphan_reaper();
    work();
    ::_exit(0);
  }
  if (meanwhile) meanwhile(pid);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

TEST(Process, FindsTheSystemsProgramsAndSoDoWhatItStarts) {
  SystemProcesses processes;
  Command command{"sh", "-c", "command -v mke2fs"};
  command.environment["PATH"] = "/usr/bin:/bin";  // what the caller asks for is what it gets
  auto asked = processes.run(command, within(20s));
  ASSERT_TRUE(asked.has_value()) << asked.error().to_string();
  EXPECT_FALSE(asked->end.succeeded()) << asked->out;
  const char* path = std::getenv("PATH");
  ASSERT_NE(path, nullptr);
  const std::string before = path;
  ::setenv("PATH", "/usr/bin:/bin", 1);
  auto plain = processes.run({"sh", "-c", "command -v mke2fs"}, within(20s));
  ::setenv("PATH", before.c_str(), 1);
  ASSERT_TRUE(plain.has_value()) << plain.error().to_string();
  EXPECT_TRUE(plain->end.succeeded());
}

TEST(OrphanReaper, EndsAsItsChildEnds) {
  int exited = status_under_reaper([] { ::_exit(3); });
  EXPECT_TRUE(WIFEXITED(exited) && WEXITSTATUS(exited) == 3) << exited;
  int killed = status_under_reaper([] { ::raise(SIGKILL); });
  EXPECT_TRUE(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL) << killed;
}

TEST(OrphanReaper, ReapsWhatIsOrphanedBelow) {
  int status = status_under_reaper([] {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(1);
    if (::fork() == 0) {
      if (pid_t orphan = ::fork(); orphan != 0) ::_exit(::write(ends[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
      ::_exit(0);
    }
    pid_t orphan = 0;
    ::wait(nullptr);
    if (::read(ends[0], &orphan, sizeof orphan) != sizeof orphan) ::_exit(2);
    // A zombie still has its number.
    for (int i = 0; i < 2000 && ::kill(orphan, 0) == 0; ++i) std::this_thread::sleep_for(5ms);
    ::_exit(::kill(orphan, 0) == 0 ? 3 : 0);
  });
  EXPECT_EQ(status, 0);
}

/// How a process under a reaper ends that stops on signals, and then needs 3 s: with 7, or 130 if it was not let. Never asked to stop it ends with 8.
/// `signals` are sent to it one after the other; to its whole process group where `number` is negative.
struct Sent {
  std::chrono::milliseconds after;
  int number;
};
int exit_status_after(const std::vector<Sent>& signals, const std::function<void()>& before = {}) {
  int ready[2];
  if (::pipe(ready) != 0) return -1;
  int status = status_under_reaper(
      [&] {
        std::stop_source stop;
        stop_on_signals(stop, [] {}, [] { ::_exit(130); });
        if (::write(ready[1], "", 1) != 1) ::_exit(1);
        for (int i = 0; i < 300 && !stop.stop_requested(); ++i) std::this_thread::sleep_for(10ms);
        if (!stop.stop_requested()) ::_exit(8);
        std::this_thread::sleep_for(3s);
        ::_exit(7);
      },
      [&](pid_t pid) {
        ::close(ready[1]);
        char byte = 0;
        if (::read(ready[0], &byte, 1) != 1) return;
        for (const Sent& sent : signals) {
          std::this_thread::sleep_for(sent.after);
          ::kill(sent.number < 0 ? -pid : pid, std::abs(sent.number));
        }
      },
      [&] {
        ::setsid();
        if (before) before();
      });
  ::close(ready[0]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(StopSignals, OneToTheWholeGroupIsOne) {
  EXPECT_EQ(exit_status_after({{0ms, SIGTERM}, {50ms, -SIGTERM}}), 7);  // as timeout(1) does
}

TEST(StopSignals, ASecondOneDoesNotWait) {
  // On a busy host the first may be taken so late that the second one is still the first.
  EXPECT_EQ(exit_status_after({{0ms, -SIGTERM}, {1500ms, SIGINT}, {1000ms, SIGINT}}), 130);
}

TEST(StopSignals, WhatIsIgnoredFromTheStartStopsNothing) {
  EXPECT_EQ(exit_status_after({{0ms, -SIGHUP}, {0ms, SIGINT}}, [] {
              ::signal(SIGHUP, SIG_IGN);
              ::signal(SIGINT, SIG_IGN);
              ::signal(SIGCHLD, SIG_IGN);
            }),
            8);
  EXPECT_EQ(exit_status_after({{0ms, SIGHUP}}), 7);
}

/// Forks a process in a group of its own that starts another one, which holds `end` for a minute.
pid_t start_two(int end) {
  const pid_t leader = ::fork();
  if (leader != 0) return leader;
  ::setpgid(0, 0);
  if (::fork() == 0) {
    ::sleep(60);
    ::_exit(0);
  }
  if (::write(end, "", 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

/// Whether nobody holds the other end of this pipe, now or in ten seconds.
bool let_go(int end) {
  pollfd hung_up{.fd = end, .events = 0, .revents = 0};
  return ::poll(&hung_up, 1, 10'000) == 1 && (hung_up.revents & POLLHUP) != 0;
}

TEST(OrphanReaper, WhenItsChildIsKilledNothingIsLeft) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  int status = status_under_reaper(
      [&] {
        const pid_t leader = start_two(ends[1]);
        char byte = 0;
        if (::read(ends[0], &byte, 1) != 1) ::_exit(1);
        ::kill(leader, SIGKILL);  // as PR_SET_PDEATHSIG does with what SystemProcesses starts
        ::raise(SIGKILL);
      },
      [&](pid_t) { ::close(ends[1]); });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_TRUE(let_go(ends[0]));
  ::close(ends[0]);
}

TEST(OrphanReaper, ADaemonMayStay) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  int status = status_under_reaper([&] {
    if (::fork() == 0) {
      const pid_t daemon = ::setsid();
      if (::write(ends[1], &daemon, sizeof daemon) == sizeof daemon) ::sleep(60);
      ::_exit(0);
    }
    pollfd written{.fd = ends[0], .events = POLLIN, .revents = 0};
    ::poll(&written, 1, 10'000);
  });
  EXPECT_EQ(status, 0);
  pid_t daemon = 0;
  ASSERT_EQ(::read(ends[0], &daemon, sizeof daemon), static_cast<ssize_t>(sizeof daemon));
  EXPECT_EQ(::kill(daemon, SIGKILL), 0) << "it is gone";
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(OrphanReaper, WhenItIsKilledItsChildCanEndWhatItStarted) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  int status = status_under_reaper(
      [&] {
        ::close(ends[0]);
        std::stop_source stop;
        stop_on_signals(stop, [] {}, [] { ::_exit(130); });
        SystemProcesses processes;
        RunOptions options;
        options.deadline = Deadline::in(60s, stop.get_token());
        (void)processes.run({"sh", "-c", "sleep 60 & echo >&9; wait"}, options);
      },
      [&](pid_t reaper) {
        ::close(ends[1]);
        char byte = 0;
        EXPECT_EQ(::read(ends[0], &byte, 1), 1);
        ::kill(reaper, SIGKILL);
      },
      [&] { ::dup2(ends[1], 9); });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_TRUE(let_go(ends[0]));
  ::close(ends[0]);
}

TEST(OrphanReaper, PassesSignalsOn) {
  int status = status_under_reaper(
      [] {
        ::signal(SIGTERM, [](int) { ::_exit(7); });
        for (;;) ::pause();
      },
      [](pid_t pid) {
        // Until the child has its handler, the signal ends it: both are "passed on".
        std::this_thread::sleep_for(200ms);
        ::kill(pid, SIGTERM);
      });
  EXPECT_TRUE((WIFEXITED(status) && WEXITSTATUS(status) == 7) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)) << status;
}

}  // namespace
}  // namespace diglab
