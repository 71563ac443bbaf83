// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tool/context.h"
#include "tool/result.h"

namespace CLI {
class App;
}

namespace diglim::tool {

/// What was asked for, once all words are understood.
using Action = std::function<Result<Report>(const Context&)>;

/// What stands before or after any subcommand.
struct CommonOptions {
  std::string root = "/";
  std::string interface = "/sys/kernel/security/integrity/diglim";
  bool json = false;
};

/// The program's command line: every subcommand and option is declared here, and nowhere else. Help, completion and the test of the
/// manual page ask this object.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  ~CommandLine();

  /// The action; or the status to end with, after help or a complaint was printed.
  std::expected<Action, int> parse(int argc, const char* const* argv);
  [[nodiscard]] const CommonOptions& common() const { return common_; }
  [[nodiscard]] CLI::App& app() { return *app_; }

 private:
  CommonOptions common_;
  Action chosen_;
  std::unique_ptr<CLI::App> app_;
};

}  // namespace diglim::tool
