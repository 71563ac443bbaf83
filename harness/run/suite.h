// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/event_log.h"
#include "run/lab.h"

namespace diglab {

struct SuiteOptions {
  std::filesystem::path results;  ///< Of this run; exists and is empty.
  std::string command;            ///< As typed, for the record.
  std::string version;
  std::vector<std::string> rerun_options;  ///< What else the one command that repeats a scenario needs: "--kernel", "tree:/x".
  unsigned jobs = 0;              ///< Machines at once; 0: as many as there are cores.
};

/// A directory of its own for a run below `parent`: "20261122-023135", or with "-2" behind it if that is taken.
Result<std::filesystem::path> make_results_directory(const std::filesystem::path& parent, const Clock& clock);

/// Runs scenarios on machines in parallel and writes the event stream and the evidence.
///
/// Returns when everything has ended. What happened in the guests, and what went wrong with one scenario, is in the stream. An Error
/// means that nothing could be run at all: no kernel, no image, no host. A stop request ends the machines at once; the
/// stream then says so and holds what was seen until then.
Result<void> run_suite(Lab& lab, const std::vector<Scenario>& scenarios, const SuiteOptions& options, EventLog& log,
                       const std::stop_token& stop);

}  // namespace diglab
