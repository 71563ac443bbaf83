// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/check_command.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/read_scenarios.h"
#include "os/files.h"
#include "scenario/policy.h"

namespace diglab {
namespace {

struct CheckArguments {
  std::vector<std::string> files;
  std::string kernel = "stock";
};

constexpr std::size_t largest_policy = std::size_t{4} << 20;

Result<std::string> check_scenario(const std::string& file, const CliContext& context) {
  auto scenario = TRY(read_scenario(context, file));
  return fmt::format("scenario {}, {} steps, {} checks, {}", scenario.id.str(), scenario.steps.size(), scenario.checks.size(),
                     scenario.control ? "with a control" : "without a control");
}

Result<std::string> check_policy_file(const std::string& file, const PolicyDialect& dialect) {
  auto text = TRY(read_file(file, largest_policy));
  auto policy = TRY(parse_policy(text, file, 1, dialect));
  for (const auto& warning : policy.warnings) fmt::print(stderr, "{}: warning: {}\n", file, warning);
  return fmt::format("policy, {} rules", policy.rules.size());
}

/// Looks at every file, so that all faults are seen at once. Status 2 if one was wrong.
int check_files(const CheckArguments& arguments, const CliContext& context) {
  int status = 0;
  for (const auto& file : arguments.files) {
    bool scenario = file.ends_with(".yaml") || file.ends_with(".yml");
    auto found = scenario ? check_scenario(file, context) : check_policy_file(file, dialect_of(arguments.kernel));
    if (found) {
      fmt::print("{}: {}\n", file, *found);
      continue;
    }
    // An unreadable file is the user's to correct as well: it was named on the command line.
    fmt::print(stderr, "{}\n", found.error().to_string());
    status = 2;
  }
  return status;
}

}  // namespace

void add_check_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = app.add_subcommand("check", "Validate scenario files (.yaml) and IMA policies (any other file) without a machine");
  command->add_option("file", arguments->files, "Scenarios and policies")->required();
  command->add_option("--kernel", arguments->kernel, "Flavour whose policy words are meant")->capture_default_str();
  command->callback([arguments, &context, &chosen] { chosen = [arguments, &context] { return check_files(*arguments, context); }; });
}

}  // namespace diglab
