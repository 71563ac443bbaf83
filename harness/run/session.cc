// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "os/files.h"
#include "run/evidence.h"
#include "run/policy_step.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds request_time = 10s;

/// PCR values in a text that two moments can be compared by.
Result<std::string> tpm_digest(AgentClient& agent, const Deadline& deadline) {
  GuestPcrs pcrs = TRY(agent.pcrs(deadline), "PCRs for a snapshot");
  std::string text;
  for (const auto& [bank, values] : pcrs.banks) {
    text += bank;
    for (const std::string& value : values) text += " " + value;
    text += "\n";
  }
  return text;
}

}  // namespace

std::string RoundPlan::directory() const {
  return fmt::format("{}/{}/round-{}", scenario.id.str(), variant.name, round);
}

bool RoundPlan::wants_quote() const {
  return std::ranges::any_of(variant.checks, [](const Check& check) {
    const auto* attest = std::get_if<check::Attest>(&check.body);
    return attest != nullptr && attest->needs_quote();
  });
}

bool RoundPlan::judges_boots() const {
  return std::ranges::any_of(variant.checks, [](const Check& check) {
    const auto* boot = std::get_if<check::Boot>(&check.body);
    return boot != nullptr;
  });
}

Session::Session(const RoundPlan& plan)
    : plan_(plan), end_(Deadline::scaled(plan.scenario.timeout, plan.scale, plan.stop)) {}

Result<std::unique_ptr<Session>> Session::start(Host& host, const RoundPlan& plan) {
  std::unique_ptr<Session> session(new Session(plan));
  plan.log.write(event::BootBegin{.where = session->where(), .machine = plan.machine.name});
  Machine::Files files{.evidence = plan.results / plan.directory(), .on_line = {}};
  TRY_VOID(make_directories(files.evidence));
  session->machine_ = TRY(Machine::start(host, plan.machine, std::move(files), session->in(plan.scenario.boot_timeout)), "starting the machine");
  session->attach();
  return session;
}

void Session::attach() {
  agent_.reset();
  agent_ = std::make_unique<AgentClient>(machine_->agent());
  snapshots.clear();
  // The TPM is asked through the agent, which must first be told that it went back in time.
  machine_->snapshots().set_tpm_digest([this](const Deadline& deadline) { return tpm_digest(*agent_, deadline); });
  machine_->snapshots().on_restore([this] { agent_->before_restore(); },
                                   [this](const Deadline& deadline) -> Result<void> {
                                     TRY(agent_->after_restore(deadline));
                                     return {};
                                   });
}

Result<void> Session::come_up() {
  auto began = std::chrono::steady_clock::now();
  auto ended = [&](std::string outcome, std::string detail) {
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    plan_.log.write(event::BootEnd{.where = where(), .outcome = std::move(outcome), .detail = std::move(detail), .took = took});
  };
  auto info = agent_->hello(in(plan_.scenario.boot_timeout));
  if (!info) {
    // The stream only says that the guest is gone; the machine knows why.
    Error error = std::move(info).error();
    auto end = machine_->ended();
    if (end && error.kind() != ErrorKind::interrupted) error = error_of(*end, false);
    ended(end ? std::string(to_string(end->cause)) : "silence", end ? end->reason : error.to_string());
    if (!end && (error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::boot))
      return fail(ErrorKind::boot, fmt::format("{}; last console lines:\n{}", error.message(), machine_->console().tail(10)));
    return fail(std::move(error));
  }
  machine_->agent_answered();
  up_ = true;
  ended("agent", fmt::format("Linux {}, {} CPUs", info->release, info->cpus));
  if (!plan_.variant.policy.empty()) {
    PolicyOutcome outcome = TRY(agent_->load_policy(policy_rules(plan_.variant.policy), in(request_time)), "loading the policy");
    if (!outcome.accepted) return fail(ErrorKind::bad_input, fmt::format("the kernel refuses the scenario's policy: {}", describe(outcome, plan_.variant.policy)));
  }
  return {};
}

Result<void> Session::reboot(const std::map<std::string, std::string>& smbios, bool cut, const std::optional<std::string>& command_line) {
  TRY_VOID(agent_->reboot(!cut, in(request_time)), "reboot");
  TRY(machine_->wait_for_end(in(plan_.scenario.boot_timeout)), "waiting for the end of the boot");
  name_machine_evidence(*this);
  agent_.reset();
  up_ = false;
  ++boot_;
  plan_.log.write(event::BootBegin{.where = where(), .machine = plan_.machine.name});
  MachineSpec changed = machine_->spec();
  for (const auto& [entry, value] : smbios) changed.smbios.insert_or_assign(entry, value);
  if (command_line) changed.cmdline = *command_line;
  TRY_VOID(machine_->reboot(in(plan_.scenario.boot_timeout), &changed), "next boot");
  attach();
  return come_up();
}

event::Where Session::where() const {
  return {.scenario = plan_.scenario.id, .variant = plan_.variant.name, .round = plan_.round, .boot = boot_};
}

Deadline Session::in(std::chrono::seconds nominal) const {
  Deadline deadline = Deadline::scaled(nominal, plan_.scale, plan_.stop);
  deadline.at = std::min(deadline.at, end_.at);
  return deadline;
}

int Session::next_repetition(const CheckId& step) {
  std::lock_guard lock(mutex_);
  return repetitions_[step]++;
}

}  // namespace diglab
