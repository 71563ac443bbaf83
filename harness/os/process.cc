// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/process.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio.hpp>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>

namespace diglab {
namespace {

namespace bp = boost::process;
namespace asio = boost::asio;

/// An ordinary user's PATH lacks them, but not what lies there: mke2fs, for one, which unshare(1) is to start.
constexpr std::array system_directories = {"/usr/local/sbin", "/usr/sbin", "/sbin"};

/// In the child, before exec: never outlive the harness, whatever kills it.
struct DieWithHarness : bp::extend::handler {
  template <typename Executor>
  void on_exec_setup(Executor&) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The harness blocks SIGINT and SIGTERM in all its threads; its children must not inherit that.
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
  }
};

/// A child that ends before it has read its input is no reason for the harness to end: in this thread the write fails with EPIPE
/// instead, whatever the program around it does with SIGPIPE.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~NoSigpipe() {
    const ::timespec at_once{};
    if (!::sigismember(&before_, SIGPIPE)) ::sigtimedwait(&sigpipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  ::sigset_t sigpipe_{};
  ::sigset_t before_{};
};

/// Collects one output, and hands out its lines as they become complete.
class Collector {
 public:
  Collector(asio::io_context& context, const std::function<void(std::string_view)>& on_line)
      : pipe_(context), on_line_(on_line) {}

  bp::async_pipe& pipe() { return pipe_; }

  void start() {
    pipe_.async_read_some(asio::buffer(chunk_), [this](const boost::system::error_code& error, std::size_t count) {
      text_.append(chunk_.data(), count);
      emit_lines(error.failed());
      if (!error) start();
    });
  }

  std::string take() { return std::move(text_); }

 private:
  void emit_lines(bool ended) {
    if (!on_line_) return;
    for (std::size_t end; (end = text_.find('\n', emitted_)) != std::string::npos; emitted_ = end + 1)
      on_line_(std::string_view(text_).substr(emitted_, end - emitted_));
    if (ended && emitted_ < text_.size()) {
      on_line_(std::string_view(text_).substr(emitted_));
      emitted_ = text_.size();
    }
  }

  bp::async_pipe pipe_;
  const std::function<void(std::string_view)>& on_line_;
  std::array<char, 65536> chunk_{};
  std::string text_;
  std::size_t emitted_ = 0;
};

ProcessEnd end_from_wait_status(int status) {
  if (WIFSIGNALED(status)) return {.exit_status = std::nullopt, .signal = WTERMSIG(status)};
  return {.exit_status = WEXITSTATUS(status), .signal = std::nullopt};
}

std::string tail(std::string_view text, std::size_t limit) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (text.size() <= limit) return std::string(text);
  return "..." + std::string(text.substr(text.size() - limit));
}

}  // namespace

std::string ProcessEnd::to_string() const {
  if (signal) return fmt::format("killed by signal {} ({})", *signal, ::strsignal(*signal));
  return fmt::format("exit status {}", exit_status.value_or(-1));
}

Result<ProcessOutcome> Processes::check(const Command& command, const RunOptions& options) {
  ProcessOutcome outcome = TRY(run(command, options));
  if (!outcome.end.succeeded())
    return fail(ErrorKind::infra, fmt::format("{}: {}: {}", command.to_shell(), outcome.end.to_string(),
                                              tail(outcome.err.empty() ? outcome.out : outcome.err, 2000)));
  return outcome;
}

Result<ProcessOutcome> SystemProcesses::run(const Command& command, const RunOptions& options) {
  if (command.argv.empty()) return fail(ErrorKind::infra, "empty command");
  const std::string& program = command.argv.front();
  std::string path = program;
  if (program.find('/') == std::string::npos) {
    std::vector<boost::filesystem::path> search = ::boost::this_process::path();
    for (const char* system : system_directories) search.emplace_back(system);
    path = bp::search_path(program, search).string();
    if (path.empty()) return fail(ErrorKind::infra, fmt::format("{}: no such program in PATH", program));
  }

  bp::environment environment = boost::this_process::environment();
  std::string reach = environment["PATH"].to_string();
  for (const char* system : system_directories) reach += fmt::format("{}{}", reach.empty() ? "" : ":", system);
  environment["PATH"] = reach;
  for (const auto& [name, value] : command.environment) environment[name] = value;

  const NoSigpipe no_sigpipe;
  asio::io_context context;
  Collector out(context, options.on_line);
  Collector err(context, options.on_line);
  bp::async_pipe in(context);
  std::error_code start_error;
  std::string directory = command.directory.empty() ? "." : command.directory.string();
  bp::group group;
  bp::child child(bp::exe = path, bp::args = std::vector<std::string>(command.argv.begin() + 1, command.argv.end()),
                  environment, bp::start_dir = directory, bp::std_in < in, bp::std_out > out.pipe(), bp::std_err > err.pipe(),
                  DieWithHarness(), group, start_error);
  if (start_error) return fail(ErrorKind::infra, fmt::format("{}: cannot start: {}", path, start_error.message()));

  out.start();
  err.start();
  asio::async_write(in, asio::buffer(options.input),
                    [&in](const boost::system::error_code&, std::size_t) { boost::system::error_code ignored; in.close(ignored); });

  // The pipes reach end of file when the last process that holds them is gone; until then run the loop.
  std::optional<Error> ended_early;
  std::stop_callback wake(options.deadline.stop, [&context] { context.stop(); });
  while (!context.stopped() && !options.deadline.stop.stop_requested()) {
    if (context.run_one_until(options.deadline.at) == 0 && !context.stopped()) break;
  }
  if (options.deadline.stop.stop_requested())
    ended_early = Error(ErrorKind::interrupted, fmt::format("{}: interrupted", program));
  else if (options.deadline.expired() && !context.stopped())
    ended_early = Error(ErrorKind::timeout, fmt::format("{}: did not end before its deadline", program));
  if (ended_early) {
    std::error_code ignored;
    group.terminate(ignored);
  }
  int status = 0;
  while (::waitpid(child.id(), &status, 0) < 0 && errno == EINTR) {
  }
  child.detach();
  group.detach();
  if (ended_early) return fail(*std::move(ended_early));
  return ProcessOutcome{.end = end_from_wait_status(status), .out = out.take(), .err = err.take()};
}

Result<ProcessOutcome> FakeProcesses::run(const Command& command, const RunOptions& options) {
  asked.push_back(command);
  if (answers.empty()) return ProcessOutcome{.end = {.exit_status = 0, .signal = std::nullopt}, .out = {}, .err = {}};
  auto answer = std::move(answers.front());
  answers.pop_front();
  if (answer && options.on_line && !answer->out.empty()) options.on_line(answer->out);
  return answer;
}

}  // namespace diglab
