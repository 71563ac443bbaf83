// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/explanation.h"

#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "judge/expectation.h"
#include "scenario/variant.h"

namespace diglab {
namespace {

std::string block(const std::string& text, std::size_t indent) {
  std::istringstream lines(text);
  std::string shown;
  for (std::string line; std::getline(lines, line);) shown += fmt::format("{:{}}{}\n", "", indent, line);
  return shown;
}

std::string heading(std::string_view name, const std::string& text) {
  return fmt::format("{:<10}{}\n", name, wrapped(text, 10));
}

std::string machine_in_words(const MachineWish& wish, bool with_defaults) {
  std::vector<std::string> parts;
  auto add = [&](const auto& value, auto text) {
    if (value) parts.push_back(text(*value));
  };
  MachineWish defaults;
  defaults.kernel = "stock";
  defaults.image = "minimal";
  MachineWish wanted = with_defaults ? with_overrides(std::move(defaults), wish) : wish;
  add(wanted.kernel, [](const auto& kernel) { return fmt::format("kernel '{}'", kernel); });
  add(wanted.image, [](const auto& image) { return fmt::format("image '{}'", image); });
  add(wanted.suite, [](const auto& suite) { return fmt::format("packages of {}", suite); });
  add(wanted.ima_signatures, [](bool is_signed) { return std::string(is_signed ? "files with IMA signatures" : "files without IMA signatures"); });
  add(wanted.digest_lists, [](const auto& lists) { return lists == "none" ? std::string("no digest lists") : fmt::format("digest lists ({})", lists); });
  add(wanted.initramfs, [](const auto& initramfs) {
    if (!initramfs.by.empty()) return fmt::format("the initramfs that the guest's {} made", initramfs.by);
    return fmt::format("an initramfs{}{}", initramfs.files.empty() ? "" : fmt::format(" with {}", fmt::join(initramfs.files, ", ")),
                       initramfs.lists == "none" ? "" : fmt::format("{} {} digest lists", initramfs.files.empty() ? " with" : " and", initramfs.lists == "all" ? "all" : "its own"));
  });
  add(wanted.cpus, [](int cpus) { return fmt::format("{} CPU{}", cpus, cpus == 1 ? "" : "s"); });
  add(wanted.memory, [](int memory) { return fmt::format("{} MiB", memory); });
  add(wanted.tpm, [](bool tpm) { return std::string(tpm ? "a TPM" : "no TPM"); });
  add(wanted.disk_flush, [](bool flush) { return std::string(flush ? "flushes to the host's disk" : "flushes to the host's memory"); });
  add(wanted.init, [](const auto& init) { return fmt::format("init {}", init); });
  if (!wanted.cmdline.empty()) parts.push_back(fmt::format("command line + {}", fmt::join(wanted.cmdline, " ")));
  for (const auto& [entry, value] : wanted.smbios) parts.push_back(fmt::format("SMBIOS {} '{}'", entry, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// What a step does: a line, and further lines where there is more to show.
struct Doing {
  std::string line;
  std::string more = {};
  const std::vector<Step>* inner = nullptr;
};

struct InWords {
  Doing operator()(const step::Run& run) const {
    if (!run.script) return {fmt::format("run {}", fmt::join(run.argv, " "))};
    if (auto end = run.script->find('\n'); end == std::string::npos || end + 1 == run.script->size()) return {fmt::format("run $ {}", run.script->substr(0, end))};
    return {"run a script", *run.script};
  }
  Doing operator()(const step::Start& start) const {
    std::string programs;
    for (const auto& argv : start.programs) programs += fmt::format("{}{}", programs.empty() ? "" : ", ", fmt::join(argv, " "));
    auto count = start.programs.size();
    return {fmt::format("start {} program{} {}", count, count == 1 ? "" : "s", start.parallel ? "together" : "one after the other"), wrapped(programs, 0, 80)};
  }
  Doing operator()(const step::Act& act) const {
    return {fmt::format("{} {}{}{}", act.action, act.path, act.arguments.empty() ? "" : fmt::format(" {}", fmt::join(act.arguments, " ")),
                        act.mode.empty() ? "" : fmt::format(" to {}", act.mode))};
  }
  Doing operator()(const step::Write& write) const {
    return {fmt::format("write {} (mode {}){}", write.path, write.mode, write.file.empty() ? "" : " from " + write.file), write.file.empty() ? write.content : ""};
  }
  Doing operator()(const step::SignList& list) const {
    return {fmt::format("put at {} a digest list {} of {}", list.path, list.key == "none" ? "that nobody signed" : fmt::format("signed with the key '{}'", list.key),
                        fmt::join(list.of, ", "))};
  }
  Doing operator()(const step::LoadPolicy& policy) const { return {"load a policy", policy.rules}; }
  Doing operator()(const step::PolicyCorpus& corpus) const {
    return {fmt::format("offer each rule of {} to the kernel and to the validator: they must agree", corpus.file)};
  }
  Doing operator()(const step::Reboot& reboot) const {
    std::string changed;
    if (!reboot.entry.empty()) changed = fmt::format(", with the command line of {}", reboot.entry);
    for (const auto& [entry, value] : reboot.smbios) changed += fmt::format(", then with SMBIOS {} '{}'", entry, value);
    return {(reboot.cut ? "cut the power, and boot" : "reboot") + changed};
  }
  Doing operator()(const step::Snapshot& snapshot) const { return {fmt::format("take snapshot '{}'", snapshot.name)}; }
  Doing operator()(const step::Restore& restore) const { return {fmt::format("go back to snapshot '{}'", restore.name)}; }
  Doing operator()(const step::Quote&) const { return {"collect PCRs, logs and a quote"}; }
  Doing operator()(const step::Parallel& parallel) const { return {"at the same time:", {}, &parallel.steps}; }
  Doing operator()(const step::Repeat& repeat) const { return {fmt::format("{} times:", repeat.times), {}, &repeat.steps}; }
};

bool has_outcome_of_its_own(const Step& step) {
  return std::holds_alternative<step::Run>(step.body) || std::holds_alternative<step::Start>(step.body) || std::holds_alternative<step::Act>(step.body);
}

std::string steps_in_words(const std::vector<Step>& steps, std::size_t indent) {
  std::string text;
  for (const auto& step : steps) {
    auto doing = std::visit(InWords{}, step.body);
    auto user = step.user == "root" ? "" : fmt::format(" (as {})", step.user);
    text += fmt::format("{:{}}{:<18}{}{}\n", "", indent, step.id.str(), doing.line, user);
    if (!doing.more.empty()) text += block(doing.more, indent + 22);
    if (doing.inner) text += steps_in_words(*doing.inner, indent + 2);
    if (!step.expect.empty() || has_outcome_of_its_own(step)) {
      text += fmt::format("{:{}}-> {}\n", "", indent + 18, describe(step.expect));
    }
  }
  return text;
}

struct CheckInWords {
  std::string operator()(const check::Attest& attest) const {
    switch (attest.what) {
      case check::Attest::What::log_replays: return "the measurement list, replayed, gives the PCR";
      case check::Attest::What::forms_agree: return "binary and ASCII list agree entry by entry";
      case check::Attest::What::boot_aggregate: return "boot_aggregate is what PCRs 0 to 9 give";
      case check::Attest::What::quote: return "every link from the EK's certificate to the list holds";
      case check::Attest::What::tampering_noticed: return "each link, broken in turn, is noticed and named";
    }
    return {};
  }
  std::string operator()(const check::Pcr& pcr) const {
    if (pcr.predicted_from_image) return fmt::format("PCR {} ({}) is what the digest lists of image and initramfs give, computed before the boot", pcr.index, pcr.bank);
    if (pcr.predicted_by) return fmt::format("PCR {} ({}) is what step '{}' printed, in every round", pcr.index, pcr.bank, pcr.predicted_by->str());
    return fmt::format("PCR {} ({}) {} in all rounds", pcr.index, pcr.bank, pcr.rounds == check::Pcr::Across::same ? "has one value" : "does not have one value");
  }
  std::string operator()(const check::LogSet& set) const {
    return set.same ? "the same set of entries is measured in every round" : "the set of measured entries differs between rounds";
  }
  std::string operator()(const check::LogEntry& entry) const {
    return fmt::format("{} list entries for {}", entry.count ? std::to_string(*entry.count) : "at least one of the", entry.path);
  }
  std::string operator()(const check::LogOnly& only) const {
    return fmt::format("the list{} has nothing but {}", only.pcr ? fmt::format(" of PCR {}", *only.pcr) : "", fmt::join(only.paths, ", "));
  }
  std::string operator()(const check::Ktap& ktap) const {
    return fmt::format("of the tests {} that {} reports at least {} passed and none failed", ktap.tests,
                       ktap.from ? fmt::format("'{}'", ktap.from->str()) : "the kernel", ktap.passed);
  }
  std::string operator()(const check::Denial& denial) const {
    std::vector<std::string> of;
    if (denial.path) of.push_back("of " + *denial.path);
    if (denial.cause) of.push_back("because of " + *denial.cause);
    if (denial.operation) of.push_back("in " + *denial.operation);
    if (denial.program) of.push_back("to " + *denial.program);
    auto times = !denial.times ? "at least one" : *denial.times == 0 ? "no" : std::to_string(*denial.times);
    return fmt::format("{} denial recorded {}", times, fmt::join(of, " "));
  }
  std::string operator()(const check::Console& console) const {
    return fmt::format("{} line on the console that matches /{}/", console.present ? "a" : "no", console.matches);
  }
  std::string operator()(const check::Boot& boot) const {
    return boot.outcome == "agent" ? "every boot comes up" : "the boot ends in a panic";
  }
};

std::string control_in_words(const Scenario& scenario) {
  if (!scenario.control) return heading("no control", scenario.no_control_because);
  const auto& control = *scenario.control;
  auto text = heading("control", control.why);
  if (auto machine = machine_in_words(control.machine, false); !machine.empty()) text += fmt::format("  machine: {}\n", machine);
  if (control.rounds) text += fmt::format("  rounds: {}\n", *control.rounds);
  if (control.policy) text += control.policy->empty() ? "  no policy\n" : "  policy:\n" + block(*control.policy, 4);
  if (!control.before.empty()) text += "  before:\n" + steps_in_words(control.before, 4);
  if (!control.replace.empty()) text += "  instead of the steps above:\n";
  for (const auto& [id, step] : control.replace) text += steps_in_words({step}, 4);
  if (control.tamper.log_bit_in_entry) text += fmt::format("  one bit of list entry {} is flipped before judging\n", *control.tamper.log_bit_in_entry);
  text += "  must not hold there:\n";
  for (const auto& opposite : control.opposite) {
    text += fmt::format("    {:<18}{}\n", opposite.check.str(), opposite.instead ? "but " + describe(*opposite.instead) : "");
  }
  return text;
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  std::istringstream words(text);
  std::string lines, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
      lines += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return lines + line;
}

std::string explanation(const Scenario& scenario) {
  std::string text = scenario.id.str() + "\n\n";
  text += heading("claim", scenario.claim);
  if (!scenario.sources.empty()) text += heading("sources", fmt::format("{}", fmt::join(scenario.sources, ", ")));
  if (!scenario.tags.empty()) text += heading("tags", fmt::format("{}", fmt::join(scenario.tags, ", ")));
  if (scenario.skip_unless) text += heading("skipped", fmt::format("unless machines run with {}: {}", scenario.skip_unless->acceleration, scenario.skip_unless->because));
  if (scenario.alone) text += heading("alone", "no other machine of the run works beside one of this scenario");
  text += heading("machine", machine_in_words(scenario.machine, true));
  if (scenario.rounds > 1) text += heading("rounds", fmt::format("{} fresh machines", scenario.rounds));
  if (!scenario.policy.empty()) text += "\npolicy\n" + block(scenario.policy, 2);
  text += "\nsteps, and what must be seen\n" + steps_in_words(scenario.steps, 2);
  if (!scenario.checks.empty()) text += "\nchecks\n";
  for (const auto& check : scenario.checks) text += fmt::format("  {:<18}{}\n", check.id.str(), std::visit(CheckInWords{}, check.body));
  return text + "\n" + control_in_words(scenario);
}

}  // namespace diglab
