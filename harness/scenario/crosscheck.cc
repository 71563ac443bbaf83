// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/crosscheck.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "scenario/variant.h"

namespace diglab {
namespace {

class VariantCheck {
 public:
  VariantCheck(const Variant& variant, Problems& problems) : variant_(variant), problems_(problems) {}

  void run() {
    const MachineWish& machine = variant_.machine;
    if (machine.initramfs && machine.initramfs->lists != "none" && machine.digest_lists.value_or("none") == "none") {
      problems_.add({machine.initramfs->line, machine.initramfs->column},
                    fmt::format("{}'initramfs' takes its lists from the image, which has none; expected 'digest_lists' beside it", in_control()));
    }
    if (machine.initramfs && !machine.initramfs->by.empty() && (machine.initramfs->lists != "none" || !machine.initramfs->files.empty()))
      problems_.add({machine.initramfs->line, machine.initramfs->column},
                    fmt::format("{}'initramfs' by a tool of the guest holds what that tool puts in; expected no 'files' and no 'lists' beside 'by'", in_control()));
    steps(variant_.steps, variant_.rounds > 1);
    for (const auto& check : variant_.checks) compares(check);
  }

 private:
  std::string in_control() const { return variant_.name == control_variant ? "in the control, " : ""; }

  void steps(const std::vector<Step>& list, bool repeated) {
    for (const auto& step : list) {
      Position at{step.line, step.column};
      if (step.expect.in == Expectation::In::some && !repeated) {
        problems_.add(at, fmt::format("{}'in: some' needs repetitions: a step within 'repeat', or more than one round", in_control()));
      }
      if (std::holds_alternative<step::Reboot>(step.body)) snapshots_.clear();
      if (const auto* snapshot = std::get_if<step::Snapshot>(&step.body)) snapshots_.insert(snapshot->name);
      if (const auto* restore = std::get_if<step::Restore>(&step.body); restore && !snapshots_.contains(restore->name)) {
        problems_.add(at, fmt::format("{}no snapshot '{}' was taken earlier in this boot", in_control(), restore->name));
      }
      if (const auto* parallel = std::get_if<step::Parallel>(&step.body)) steps(parallel->steps, repeated);
      if (const auto* repeat = std::get_if<step::Repeat>(&step.body)) steps(repeat->steps, repeated || repeat->times > 1);
      if (std::holds_alternative<step::Quote>(step.body)) needs_tpm(at);
    }
  }

  void compares(const Check& check) {
    Position at{check.line, check.column};
    const auto* pcr = std::get_if<check::Pcr>(&check.body);
    bool predicted = pcr && pcr->predicted();
    if (predicted && pcr->predicted_by) predicts(*pcr->predicted_by, at);
    if (predicted && pcr->predicted_from_image && loads_a_policy()) {
      problems_.add(at, fmt::format("{}'predicted_from: image' foretells the kernel's own policy, by the command line; expected no other 'policy'", in_control()));
    }
    bool over_rounds = (pcr && !predicted) || std::holds_alternative<check::LogSet>(check.body);
    if (over_rounds && variant_.rounds < 2) {
      problems_.add(at, fmt::format("{}'{}' compares rounds; expected 'rounds' of 2 or more, found {}", in_control(), check.id.str(),
                                    variant_.rounds));
    }
    const auto* attest = std::get_if<check::Attest>(&check.body);
    bool logs_only = attest && attest->what == check::Attest::What::forms_agree;
    if (pcr || (attest && !logs_only)) needs_tpm(at);
  }

  bool loads_a_policy() const {
    return !variant_.policy.empty() || std::ranges::any_of(flatten(variant_.steps), [](const Step* step) { return std::holds_alternative<step::LoadPolicy>(step->body); });
  }

  /// Only a script or program has an output that a PCR can be held against.
  void predicts(const CheckId& id, Position at) {
    for (const auto* step : flatten(variant_.steps)) {
      if (step->id == id && !std::holds_alternative<step::Run>(step->body)) {
        problems_.add(at, fmt::format("{}'predicted_by': the step '{}' prints nothing; expected a 'run' step", in_control(), id.str()));
      }
    }
  }

  void needs_tpm(Position at) {
    if (variant_.machine.tpm == false) {
      problems_.add(at, fmt::format("{}this needs a TPM, but the machine has 'tpm: false'", in_control()));
    }
  }

  const Variant& variant_;
  Problems& problems_;
  std::set<std::string> snapshots_;
};

}  // namespace

void crosscheck(const Scenario& scenario, Problems& problems) {
  for (auto name : variant_names(scenario)) {
    auto variant = variant_of(scenario, name);
    VariantCheck(variant, problems).run();
  }
}

}  // namespace diglab
