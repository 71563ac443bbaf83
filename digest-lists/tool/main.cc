// SPDX-License-Identifier: GPL-2.0-or-later
//
// diglim: digest lists for administrators. Subcommands are declared in command_line.cc; each is a function from its arguments to a Report.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <span>

#include "os/process.h"
#include "tool/command_line.h"
#include "tool/completion.h"

namespace diglim::tool {
namespace {

int exit_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::bad_input:
      return exit_status::bad_input;
    case ErrorKind::interrupted:
      return exit_status::interrupted;
    default:
      return exit_status::refused;
  }
}

int print(const Report& report, bool json) {
  const auto out = json ? report.json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" : report.text;
  std::fputs(report.problems.c_str(), stderr);
  // A list on standard output may hold any bytes; a full disk behind it must not look like success.
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0) {
    std::perror("diglim: standard output");
    return exit_status::refused;
  }
  return report.status;
}

}  // namespace

int main(int argc, const char* const* argv) {
  CommandLine command_line;
  const std::span words(argv, static_cast<std::size_t>(argc));
  if (argc > 1 && std::string_view(words[1]) == "--complete") {
    for (const auto& candidate : complete(command_line.app(), {words.begin() + 2, words.end()})) fmt::print("{}\n", candidate);
    return exit_status::yes;
  }
  const auto action = command_line.parse(argc, argv);
  if (!action) return action.error();
  diglab::SystemProcesses processes;
  const auto& common = command_line.common();
  const Context context{.root = Root(common.root), .kernel = Interface(common.interface), .processes = processes};
  const auto report = (*action)(context);
  if (report) return print(*report, common.json);
  fmt::print(stderr, "diglim: {}\n", report.error().to_string());
  return exit_status_of(report.error().kind());
}

}  // namespace diglim::tool

int main(int argc, char** argv) {
  try {
    return diglim::tool::main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "diglim: {}\n", error.what());
    return diglim::tool::exit_status::refused;
  }
}
