// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.h"

#include "cli/attest_command.h"
#include "cli/bench_command.h"
#include "cli/check_command.h"
#include "cli/clean_command.h"
#include "cli/doctor_command.h"
#include "cli/explain_command.h"
#include "cli/image_command.h"
#include "cli/kernel_command.h"
#include "cli/list_command.h"
#include "cli/mutants_command.h"
#include "cli/replay_command.h"
#include "cli/report_command.h"
#include "cli/run_command.h"
#include "cli/shell_command.h"

namespace diglab {

void add_all_commands(CLI::App& app, CliContext& context, CliAction& chosen) {
  add_run_command(app, context, chosen);
  add_shell_command(app, context, chosen);
  add_list_command(app, context, chosen);
  add_explain_command(app, context, chosen);
  add_check_command(app, context, chosen);
  add_attest_command(app, context, chosen);
  add_replay_command(app, context, chosen);
  add_report_command(app, context, chosen);
  add_kernel_command(app, context, chosen);
  add_image_command(app, context, chosen);
  add_mutants_command(app, context, chosen);
  add_bench_command(app, context, chosen);
  add_doctor_command(app, context, chosen);
  add_clean_command(app, context, chosen);
}

}  // namespace diglab
