// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/gpg_home.h"

#include <fmt/format.h>

namespace diglab {

namespace fs = std::filesystem;

Result<GpgHome> GpgHome::borrow(const fs::path& from, Processes& processes) {
  auto directory = TRY(TempDir::make({}, "diglab-gpg"));
  std::error_code error;
  fs::permissions(directory.path(), fs::perms::owner_all, error);
  if (!error && !from.empty()) {
    for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
      if (it->is_socket()) continue;
      fs::copy(it->path(), directory.path() / it->path().filename(), fs::copy_options::recursive, error);
      if (error) break;
    }
  }
  if (error) return fail(ErrorKind::infra, fmt::format("cannot copy the GnuPG home {}: {}", from.string(), error.message()));
  return GpgHome(std::move(directory), processes);
}

GpgHome::~GpgHome() {
  if (!directory_.path().empty()) stop_agent();
}

Command GpgHome::gpg() const {
  Command command{"gpg", "--homedir", path().string(), "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
                  "--passphrase", "", "--faked-system-time", fmt::format("{}!", image_epoch)};
  return command;
}

void GpgHome::stop_agent() {
  // Also when the caller is being interrupted: a deadline of its own. Nothing to report if no agent runs.
  (void)processes_->run(Command{"gpgconf", "--homedir", path().string(), "--kill", "gpg-agent"},
                        {.deadline = Deadline::in(std::chrono::seconds(10)), .input = {}, .on_line = {}});
}

}  // namespace diglab
