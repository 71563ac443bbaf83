// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/doctor_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "cli/doctor_findings.h"
#include "os/files.h"
#include "run/lab.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

Finding examine_rights() {
  if (::geteuid() == 0) return {Health::good, "rights", "root", {}};
  std::error_code ignored;
  auto limit = read_file("/proc/sys/user/max_user_namespaces");
  if (limit && *limit != "0\n") return {Health::good, "rights", "ordinary user, with user namespaces", {}};
  return {Health::problem, "rights", "an ordinary user without user namespaces cannot build guest images",
          "as root: sysctl -w user.max_user_namespaces=10000, or build images as root"};
}

Finding examine_acceleration(CliContext& context, const std::string& kernel_choice) {
  Lab lab({.source = context.source, .cache = context.cache, .binaries = context.binaries, .uri = {}, .pool = {}, .tpm_ca = {}, .kernel = kernel_choice},
          context.processes, [](std::string_view, std::optional<double>) {});
  auto keys = lab.keys(Deadline::in(60s, context.stop));
  KernelStore store(context.cache, context.processes, context.source / "kernel-patches");
  auto kernels = store.list();
  if (!keys || !kernels || kernels->empty())
    return {Health::note, "acceleration", "not proven yet: that takes a kernel, and none is built", "diglab kernel build"};
  auto host = lab.host(Deadline::in(60s, context.stop));
  if (!host) return {Health::problem, "acceleration", host.error().to_string(), "see the message; libvirt's packages are in packages.txt"};
  auto verdict = probe_acceleration(**host, kernels->front().image, Deadline::in(120s, context.stop));
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
  for (const Tool& tool : tools) findings.push_back(examine_tool(tool, context.processes, Deadline::in(30s, context.stop)));
  findings.push_back(std::filesystem::exists("/usr/src/linux-source-6.12.tar.xz")
                         ? Finding{Health::good, "kernel source", "/usr/src/linux-source-6.12.tar.xz", {}}
                         : Finding{Health::problem, "kernel source", "no linux-source-6.12", "apt-get install linux-source-6.12"});
  findings.push_back(examine_rights());
  constexpr std::uintmax_t gib = std::uintmax_t{1} << 30;
  findings.push_back(examine_disk("cache", context.cache, 8 * gib));
  findings.push_back(examine_disk("results", context.source / "results", gib));
  findings.push_back(examine_acceleration(context, {}));
  return findings;
}

int run_doctor(CliContext& context) {
  bool healthy = true;
  for (const Finding& finding : examine_all(context)) {
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
      ->callback([&context, &chosen] { chosen = [&context] { return run_doctor(context); }; });
}

}  // namespace diglab
