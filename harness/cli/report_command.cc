// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/report_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/find_run.h"
#include "report/ktap.h"
#include "report/progress.h"
#include "report/table.h"
#include "report/verdict_json.h"
#include "report/write.h"

namespace diglab {
namespace {

struct ReportArguments {
  std::string run;
  bool ktap = false;
  bool json = false;
};

int report(const ReportArguments& arguments, const CliContext& context) {
  const auto results = find_run(context.source / "results", arguments.run);
  if (!results) return report_error(results.error());
  const auto stored = load_run(*results);
  if (!stored) return report_error(stored.error());
  if (auto written = write_reports(*results, stored->events, stored->verdicts); !written)
    return report_error(written.error());
  if (arguments.ktap) {
    fmt::print("{}", to_ktap(stored->verdicts));
  } else if (arguments.json) {
    fmt::print("{}", to_json(stored->events, stored->verdicts));
  } else {
    fmt::print("{}", to_table(stored->verdicts, *results / "report.html", ProgressStyle::for_descriptor(1).colour));
  }
  return exit_status(stored->events, stored->verdicts);
}

}  // namespace

void add_report_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = app.add_subcommand("report", "Judge a stored run again and write its report.html and junit.xml");
  command->add_option("RUN", arguments->run, "A results directory, or its name under results/; default: the last run");
  CLI::Option* ktap = command->add_flag("--ktap", arguments->ktap, "Print KTAP instead of the table");
  command->add_flag("--json", arguments->json, "Print the verdicts as JSON instead of the table")->excludes(ktap);
  command->callback(
      [arguments, &context, &chosen] { chosen = [arguments, &context] { return report(*arguments, context); }; });
}

}  // namespace diglab
