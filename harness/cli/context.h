// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "os/process.h"

namespace CLI {
class App;
}

namespace diglab {

/// What every command is given.
struct CliContext {
  std::filesystem::path source;   ///< The repository: kernel-patches/, guest-image/, scenarios/.
  std::filesystem::path cache;    ///< $DIGLAB_CACHE, default ~/.cache/diglab. Kernels, images, keys, TPM templates, probe results.
  std::filesystem::path binaries; ///< The build directory's harness/ folder: where agent and init lie.
  std::string command_line;       ///< As typed, for the record.
  std::stop_token stop;           ///< Requested by SIGINT and SIGTERM.
  Processes& processes;
};

/// A command's body: returns the exit status (0 passed, 1 a claim failed, 2 bad use or input, 3 laboratory broke, 130 interrupted).
using CliAction = std::function<int()>;

/// 2 for what the user did or gave, 130 for an interruption, 3 for everything that is the laboratory's fault.
[[nodiscard]] int exit_status_of(ErrorKind kind);

/// Prints an error to standard error and returns the exit status that belongs to its kind.
int report_error(const Error& error);

// Each command lives in cli/<name>_command.{h,cc} and adds itself:
//     void add_<name>_command(CLI::App& app, CliContext& context, CliAction& chosen);
// When the user picks it, its callback sets `chosen`.

}  // namespace diglab
