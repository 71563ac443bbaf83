// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/root_access.h"

#include <fmt/format.h>
#include <unistd.h>

namespace diglab {

Command as_root(Command command) {
  if (::geteuid() == 0) return command;
  command.argv.insert(command.argv.begin(), {"unshare", "--map-auto", "--map-root-user", "--mount", "--"});
  return command;
}

Result<void> check_root_access(Processes& processes, const Deadline& deadline) {
  if (::geteuid() == 0) return {};
  const auto outcome = TRY(processes.run(as_root(Command{"true"}), {.deadline = deadline, .input = {}, .on_line = {}}));
  if (outcome.end.succeeded()) return {};
  return fail(ErrorKind::infra,
              fmt::format("an ordinary user needs user namespaces to install packages into an image, and they do not work here: {}"
                          "Install the package uidmap, give yourself a range in /etc/subuid and /etc/subgid (usermod --add-subuids "
                          "100000-165535 --add-subgids 100000-165535 USER), or run as root", outcome.err));
}

void remove_as_root(const std::filesystem::path& tree, Processes& processes) {
  // Also on the way out of an interrupted build, so with a deadline of its own; what stays is removed by the next build.
  (void)processes.run(as_root(Command{"rm", "-rf", "--one-file-system", "--", tree.string()}),
                      {.deadline = Deadline::in(std::chrono::seconds(60)), .input = {}, .on_line = {}});
}

}  // namespace diglab
