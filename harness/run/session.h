// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "guest/client.h"
#include "image/keys.h"
#include "machine/machine.h"
#include "run/event_log.h"
#include "scenario/variant.h"

namespace diglab {

/// What one round of a variant runs with. Everything outlives the round.
struct RoundPlan {
  const Scenario& scenario;
  const Variant& variant;
  int round = 1;
  MachineSpec machine;
  TimeScale scale;
  std::filesystem::path results;  ///< The run's directory; evidence goes below it.
  const LabKeys& keys;            ///< What lists of the administrator are signed with.
  Processes& processes;
  EventLog& log;
  std::stop_token stop;

  /// Relative to `results`: "<scenario>/<variant>/round-<n>".
  [[nodiscard]] std::string directory() const;
  /// Whether any check needs a quote at the end of each boot.
  [[nodiscard]] bool wants_quote() const;
  /// Whether a check says how boots end.
  [[nodiscard]] bool judges_boots() const;
};

/// A running machine, the client of its agent, and where in the scenario they are.
///
/// Steps of a parallel group share one session from several threads; boot changes only between steps.
class Session {
 public:
  /// Starts the machine; the guest is not up yet.
  static Result<std::unique_ptr<Session>> start(Host& host, const RoundPlan& plan);

  /// Waits for the agent of the current boot and loads the variant's policy. Writes BootBegin and BootEnd.
  Result<void> come_up();
  /// Ends the current boot in order and begins the next, with the same disks and TPM, up to come_up().
  /// `smbios`: system information that replaces the machine's from now on; so does `command_line`, if there is one.
  Result<void> reboot(const std::map<std::string, std::string>& smbios, bool cut, const std::optional<std::string>& command_line);

  [[nodiscard]] const RoundPlan& plan() const { return plan_; }
  [[nodiscard]] Machine& machine() { return *machine_; }
  [[nodiscard]] AgentClient& agent() { return *agent_; }
  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] event::Where where() const;

  /// `nominal` from now, scaled, but never beyond the end of the round.
  [[nodiscard]] Deadline in(std::chrono::seconds nominal) const;

  /// 0 for the first execution of that step in this round, then 1, ...
  int next_repetition(const CheckId& step);

  std::map<std::string, SnapshotId> snapshots;  ///< By the name that the scenario gave.

 private:
  explicit Session(const RoundPlan& plan);
  void attach();

  const RoundPlan& plan_;
  Deadline end_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<AgentClient> agent_;
  int boot_ = 1;
  bool up_ = false;
  std::mutex mutex_;
  std::map<CheckId, int> repetitions_;
};

}  // namespace diglab
