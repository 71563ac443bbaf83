// SPDX-License-Identifier: GPL-2.0-or-later
//
// diglab: the program behind the launcher. Each command adds itself (cli/<name>_command.h); this file is
// what they share: where things lie, how signals stop them, how errors become exit statuses.

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <system_error>

#include "cli/commands.h"
#include "cli/context.h"
#include "machine/host.h"
#include "os/orphan_reaper.h"
#include "os/stop_signals.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

fs::path cache_directory() {
  if (const char* given = std::getenv("DIGLAB_CACHE"); given != nullptr && *given != '\0') return fs::absolute(given);
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg != '\0') return fs::path(xdg) / "diglab";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/root") / ".cache" / "diglab";
}

/// As a person would type it: through the launcher, which is what knows the source.
std::string command_line(int argc, char** argv) {
  Command typed{"./diglab"};
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--source")
      ++i;
    else
      typed.add(argv[i]);
  }
  return typed.to_shell();
}

}  // namespace

int exit_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::bad_input: return 2;
    case ErrorKind::interrupted: return 130;
    default: return 3;
  }
}

int report_error(const Error& error) {
  fmt::print(stderr, "diglab: {}\n", error.to_string());
  return exit_status_of(error.kind());
}

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  stop_on_signals(
      stop,
      // A terminal that is gone, as SIGHUP says, is no reason for an exception, as it is for fmt.
      [] { std::fputs("\ndiglab: stopping the machines and keeping the results so far (once more: at once)\n", stderr); },
      [] {
        end_machines_at_once();
        ::_exit(130);
      });

  SystemProcesses processes;
  std::error_code ignored;
  CliContext context{.source = fs::current_path(ignored),
                     .cache = cache_directory(),
                     .binaries = fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path(),
                     .command_line = command_line(argc, argv),
                     .stop = stop.get_token(),
                     .processes = processes};
  CliAction chosen;

  CLI::App app("A laboratory for Linux file integrity: boots kernels with a software TPM, runs scripted\n"
               "scenarios in guests made of signed packages, and says with evidence what holds.",
               "diglab");
  app.add_option("--source", context.source, "The repository (given by the launcher)")->group("");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.footer("Exit status: 0 all passed, 1 a claim failed, 2 bad use or bad input, 3 the laboratory itself broke,\n"
             "130 interrupted.  Also: ./diglab test, which runs the unit tests and every scenario.");
  add_all_commands(app, context, chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int status = app.exit(error);
    return status == 0 ? 0 : 2;
  }
  try {
    if (chosen) return chosen();
    fmt::print("{}", app.help());
    return 0;
  } catch (const std::system_error& error) {  // fmt's, when the standard output cannot be written
    return report_error(Error(ErrorKind::infra, error.what()));
  }
}

}  // namespace diglab

int main(int argc, char** argv) {
  diglab::live_under_orphan_reaper();
  return diglab::main(argc, argv);
}
