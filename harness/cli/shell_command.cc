// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shell_command.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "cli/read_scenarios.h"
#include "cli/terminal.h"
#include "os/files.h"
#include "run/lab.h"
#include "run/session.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

constexpr char leave_key = 0x1d;  // Ctrl-], as in telnet and virsh

struct ShellArguments {
  std::string scenario;
  bool control = false;
  std::string image;
  std::string kernel;
  std::string suite;
  std::string uri;
};

/// What to start: a scenario's machine and policy, or the defaults with no policy.
Result<Scenario> wanted(const ShellArguments& arguments, const CliContext& context) {
  Scenario scenario;
  scenario.id = ScenarioId("shell/shell");
  if (!arguments.scenario.empty()) {
    Selection selection;
    selection.patterns = {arguments.scenario};
    std::vector<Scenario> found = TRY(select(TRY(read_scenarios(context)), selection));
    if (found.size() != 1)
      return fail(ErrorKind::usage, fmt::format("'{}' names {} scenarios; a shell is in the guest of one", arguments.scenario, found.size()));
    scenario = std::move(found.front());
  }
  if (arguments.control && !scenario.control) return fail(ErrorKind::usage, fmt::format("{} has no control", scenario.id.str()));
  if (!arguments.image.empty()) scenario.machine.image = arguments.image;
  scenario.timeout = 24h;
  return scenario;
}

/// Carries the console to standard output until it ends or `done`.
void show_console(Machine& machine, std::size_t from, const std::stop_token& done) {
  Deadline deadline = Deadline::never(done);
  while (machine.console().wait_for_more(from, deadline)) {
    std::string text = machine.console().text(from);
    from += text.size();
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
}

/// Carries keys to the console until the leave key, the end of input, a stop, or `over` becoming readable. Whether it was the person who left.
bool send_keys(Machine& machine, int over, const std::stop_token& stop) {
  char keys[256];
  ::pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {over, POLLIN, 0}};
  while (!stop.stop_requested()) {
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return false;
    if (ready[1].revents != 0) return false;
    ssize_t count = ::read(STDIN_FILENO, keys, sizeof keys);
    if (count <= 0) return true;
    std::string_view typed(keys, static_cast<std::size_t>(count));
    if (typed.find(leave_key) != std::string_view::npos) return true;
    if (!machine.type(typed, Deadline::in(10s, stop))) return false;
  }
  return false;
}

/// A shell of its own session on the serial console; it ends when the user leaves it.
GuestCommand console_shell() {
  GuestCommand command;
  command.argv = {"/usr/bin/bash", "-c", "exec setsid --ctty --wait bash --login -i <>/dev/ttyS0 >&0 2>&0"};
  command.environment["HOME"] = "/root";
  command.environment["TERM"] = "vt220";
  command.directory = "/root";
  return command;
}

Result<int> run_shell(const ShellArguments& arguments, CliContext& context) {
  if (::isatty(STDIN_FILENO) == 0) return fail(ErrorKind::usage, "standard input is not a terminal: an interactive console needs one");
  Scenario scenario = TRY(wanted(arguments, context));
  Variant variant = variant_of(scenario, arguments.control ? control_variant : main_variant);
  Lab lab({.source = context.source,
           .cache = context.cache,
           .binaries = context.binaries,
           .uri = arguments.uri,
           .pool = {}, .tpm_ca = {},
           .kernel = arguments.kernel,
           .suite = arguments.suite},
          context.processes, [](std::string_view what, std::optional<double>) { fmt::print(stderr, "diglab: {}\n", what); });
  Deadline build = Deadline::in(40min, context.stop);
  AccelerationVerdict acceleration = TRY(lab.acceleration(build));
  BuiltKernel kernel = TRY(lab.kernel(variant.machine, build));
  BuiltImage image = TRY(lab.image(variant.machine, build));
  TempDir scratch = TRY(TempDir::make({}, "diglab-shell"));
  SystemClock clock;
  std::unique_ptr<EventLog> log = TRY(EventLog::create(scratch.path(), clock, {}));
  const LabKeys keys = TRY(lab.keys(build));
  const auto initramfs = TRY(lab.initramfs(variant.machine, image));
  RoundPlan plan{.scenario = scenario,
                 .variant = variant,
                 .round = 1,
                 .machine = machine_spec(variant.machine, kernel, image, initramfs, acceleration.acceleration),
                 .scale = time_scale(acceleration.acceleration),
                 .results = scratch.path(),
                 .keys = keys,
                 .processes = context.processes,
                 .log = *log,
                 .stop = context.stop};
  plan.machine.name = "shell";
  std::unique_ptr<Session> session = TRY(Session::start(*TRY(lab.host(build)), plan));
  TRY_VOID(session->come_up());
  // Not before: until the guest can be typed to, Ctrl-C is for us.
  RawTerminal terminal = TRY(RawTerminal::open());
  fmt::print(stderr, "diglab: {}, {}; policy: {}. Ctrl-] leaves.\r\n", kernel.release, image.set,
             variant.policy.empty() ? "none" : scenario.id.str());

  int over = ::eventfd(0, EFD_CLOEXEC);
  Result<CommandOutcome> shell_ended = fail(ErrorKind::infra, "the shell did not begin");
  bool left = false;
  std::optional<MachineEnd> end;
  std::stop_callback interrupted(context.stop, [over] { ::eventfd_write(over, 1); });
  {
    std::jthread screen([&](const std::stop_token& done) { show_console(session->machine(), session->machine().console().size(), done); });
    std::jthread shell([&](std::stop_token done) {
      shell_ended = session->agent().run(console_shell(), Deadline::never(std::move(done)));
      ::eventfd_write(over, 1);
    });
    left = send_keys(session->machine(), over, context.stop);
    end = session->machine().ended();  // by itself
    (void)session->machine().kill();
  }
  ::close(over);
  if (context.stop.stop_requested()) return fail(ErrorKind::interrupted, "the guest was ended");
  if (left || (end && (end->cause == EndCause::shutdown || end->cause == EndCause::reset))) return 0;
  if (end) return fail(error_of(*end, true));
  const auto outcome = TRY(std::move(shell_ended), "the shell");
  if (std::holds_alternative<Failed>(outcome.ending)) return fail(ErrorKind::guest_lost, fmt::format("the shell: {}", to_string(outcome.ending)));
  return 0;
}

}  // namespace

void add_shell_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<ShellArguments>();
  CLI::App* command = app.add_subcommand("shell", "An interactive console in the guest of a scenario, under its policy; Ctrl-] leaves");
  command->add_option("SCENARIO", arguments->scenario, "Whose machine and policy; default: the minimal guest without a policy");
  command->add_flag("--control", arguments->control, "The machine and policy of its control");
  command->add_option("--image", arguments->image, "Another package set: minimal, systemd");
  command->add_option("--kernel", arguments->kernel, "Another kernel: a flavour, tree:PATH or image:PATH");
  command->add_option("--suite", arguments->suite, "Guest of this suite of Debian: trixie, sid");
  command->add_option("--connect", arguments->uri, "libvirt URI of the host to run on; default: inside this process");
  command->callback([arguments, &context, &chosen] {
    chosen = [arguments, &context] {
      auto status = run_shell(*arguments, context);
      return status ? *status : report_error(status.error());
    };
  });
}

}  // namespace diglab
