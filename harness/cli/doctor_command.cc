// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/doctor_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/doctor_findings.h"
#include "image/root_access.h"
#include "run/lab.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

Finding examine_acceleration(CliContext& context, const std::string& kernel_choice) {
  // Before a kernel is asked for: it needs none.
  if (auto forbidden = examine_kvm_access(AccelerationProbe().device)) return *std::move(forbidden);
  Lab lab({.source = context.source, .cache = context.cache, .binaries = context.binaries, .uri = {}, .pool = {}, .tpm_ca = {}, .kernel = kernel_choice},
          context.processes, [](std::string_view, std::optional<double>) {});
  // The kernel that runs try it with.
  KernelStore store(context.cache, context.processes, context.source / "kernel-patches");
  auto keys = lab.keys(Deadline::in(60s, context.stop));
  const KernelChoice choice{.source = DebianSource{}, .flavour = std::string(MachineDefaults::kernel)};
  auto kernel = keys ? store.find(kernel_request(choice, *keys), Deadline::in(60s, context.stop)) : Result<std::optional<BuiltKernel>>();
  if (!kernel || !*kernel)
    return {Health::note, "acceleration", "not proven yet: that takes a kernel, and none is built", "./diglab kernel build"};
  auto host = lab.host(Deadline::in(60s, context.stop));
  if (!host) return {Health::problem, "acceleration", host.error().to_string(), "see the message; libvirt's packages are in packages.txt"};
  auto verdict = probe_acceleration(**host, (*kernel)->image, Deadline::in(120s, context.stop));
  if (!verdict) return {Health::problem, "acceleration", verdict.error().to_string(), "see the message"};
  std::string detail = fmt::format("{}: {}{}", to_string(verdict->acceleration), verdict->reason, verdict->cached ? " (known from before)" : "");
  if (verdict->acceleration == Acceleration::kvm) return {Health::good, "acceleration", detail, {}};
  return {Health::note, "acceleration", detail, "emulation works too, some four times slower"};
}

std::vector<Finding> examine_all(CliContext& context) {
  const std::vector<Tool> tools = {
      {"compiler", {"g++", "--version"}, "g++"},
      {"QEMU", {"qemu-system-x86_64", "--version"}, "qemu-system-x86"},
      {"libvirt", {"libvirtd", "--version"}, "libvirt-daemon-system"},
      {"swtpm", {"swtpm", "--version"}, "swtpm"},
      {"swtpm_setup", {"swtpm_setup", "--version"}, "swtpm-tools"},
      {"rpm", {"rpm", "--version"}, "rpm"},
      {"dnf", {"dnf", "--version"}, "dnf"},
      {"createrepo", {"createrepo_c", "--version"}, "createrepo-c"},
      {"GnuPG", {"gpg", "--version"}, "gnupg"},
      {"evmctl", {"evmctl", "--version"}, "ima-evm-utils"},
      {"mke2fs", {"mke2fs", "-V"}, "e2fsprogs"},
      {"ccache", {"ccache", "--version"}, "ccache"},
  };
  std::vector<Finding> findings;
  std::error_code ignored;
  for (const Tool& tool : tools) findings.push_back(examine_tool(tool, context.processes, Deadline::in(30s, context.stop)));
  findings.push_back(std::filesystem::exists("/usr/src/linux-source-6.12.tar.xz", ignored)
                         ? Finding{Health::good, "kernel source", "/usr/src/linux-source-6.12.tar.xz", {}}
                         : Finding{Health::problem, "kernel source", "no linux-source-6.12", "apt-get install linux-source-6.12"});
  findings.push_back(examine_rights(::geteuid() == 0, check_root_access(context.processes, Deadline::in(30s, context.stop))));
  constexpr std::uintmax_t gib = std::uintmax_t{1} << 30;
  findings.push_back(examine_disk("cache", context.cache, 8 * gib, "set DIGLAB_CACHE to a directory of another disk"));
  findings.push_back(examine_disk("results", context.source / "results", gib, "give run --results DIRECTORY"));
  // What a machine writes while it runs, its snapshots included.
  findings.push_back(examine_disk("machines", "/var/tmp", 2 * gib, "mount another disk there"));
  findings.push_back(examine_temporary(gib / 2));
  findings.push_back(examine_acceleration(context, {}));
  return findings;
}

int run_doctor(CliContext& context) {
  bool healthy = true;
  const std::vector<Finding> findings = examine_all(context);
  // What was asked after that could not answer.
  if (context.stop.stop_requested()) return report_error(Error(ErrorKind::interrupted, "interrupted while looking around"));
  for (const Finding& finding : findings) {
    constexpr const char* marks[] = {"ok", "note", "PROBLEM"};
    fmt::print("{:8} {:14} {}\n", marks[static_cast<int>(finding.health)], finding.subject, finding.detail);
    if (!finding.advice.empty()) fmt::print("{:8} {:14} -> {}\n", "", "", finding.advice);
    healthy = healthy && finding.health != Health::problem;
  }
  return healthy ? 0 : 3;
}

}  // namespace

void add_doctor_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  app.add_subcommand("doctor", "What is installed, which acceleration was proven, and what to do about each problem")
      ->footer("Exit status: 0 nothing is in the way, 2 bad use, 3 there is a problem, 130 interrupted.")
      ->callback([&context, &chosen] { chosen = [&context] { return run_doctor(context); }; });
}

}  // namespace diglab
