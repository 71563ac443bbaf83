// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/acceleration.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "machine/host_impl.h"
#include "machine/machine.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

// The last line but the panic that every kernel reaches which is given no root: user mode is next. Memory management,
// interrupts and timers work by then.
constexpr std::string_view far_enough = "Kernel panic - not syncing";

std::string first_value(const std::string& text, std::string_view key) {
  auto at = text.find(key);
  if (at == std::string::npos) return {};
  return text.substr(at, text.find('\n', at) - at);
}

/// Everything that could change the verdict: the machine (and this boot of it), its kernel, QEMU, the device, and the kernel that was tried.
Result<std::string> fingerprint(const Host& host, const fs::path& kernel, const fs::path& device) {
  utsname system{};
  ::uname(&system);
  struct stat kvm {};
  ::stat(device.c_str(), &kvm);
  auto boot = read_file("/proc/sys/kernel/random/boot_id", 100);
  auto cpu = read_file("/proc/cpuinfo", std::size_t{4} << 20);
  return fmt::format("{}\n{}\n{} {}\n{}\n{}\n{} {} {}\n{}", host.uri().starts_with("qemu:///embed") ? "embed" : host.uri(), host.qemu_version(),
                     system.release, system.version, cpu ? first_value(*cpu, "model name") : "", boot ? *boot : "", kvm.st_ino, kvm.st_mode,
                     kvm.st_ctim.tv_sec, TRY(sha256_of_file(kernel)));
}

std::optional<AccelerationVerdict> cached_verdict(const fs::path& file) {
  auto text = read_file(file, 1 << 16);
  if (!text) return std::nullopt;
  auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("kvm") || !json["kvm"].is_boolean() || !json.contains("reason") || !json["reason"].is_string())
    return std::nullopt;
  return AccelerationVerdict{.acceleration = json["kvm"].get<bool>() ? Acceleration::kvm : Acceleration::tcg,
                             .reason = json["reason"].get<std::string>(), .cached = true};
}

AccelerationVerdict no_kvm(std::string reason) {
  return {.acceleration = Acceleration::tcg, .reason = std::move(reason), .cached = false};
}

/// The line of QEMU's log that says why: a failed emulation is followed by a page of registers.
std::string complaint_of(const std::string& log) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("KVM internal error") || line.find("qemu-system-x86_64: ") != std::string::npos) return line;
  return "silence";
}

/// Boots `kernel` with nothing to run: it works if it gets as far as missing its root.
Result<AccelerationVerdict> try_kvm(Host& host, const fs::path& kernel, std::chrono::seconds boot_time, const Deadline& deadline) {
  MachineSpec spec;
  spec.name = "kvm-probe";
  spec.kernel = kernel;
  spec.cmdline = "ima_policy= root=/dev/none";
  spec.memory_mib = 256;
  spec.tpm = false;
  spec.acceleration = Acceleration::kvm;
  TempDir scratch = TRY(TempDir::make(host.directory(), "probe"));
  auto machine = Machine::start(host, spec, {.evidence = scratch.path(), .on_line = {}}, deadline);
  if (!machine) {
    if (machine.error().kind() != ErrorKind::infra) return fail(machine.error());
    return no_kvm(machine.error().to_string());
  }
  auto began = std::chrono::steady_clock::now();
  Deadline limit = Deadline::in(boot_time, deadline.stop);
  limit.at = std::min(limit.at, deadline.at);
  auto reached = (*machine)->console().wait_for(far_enough, limit);
  double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (reached) return AccelerationVerdict{.acceleration = Acceleration::kvm, .reason = fmt::format("booted Linux in {:.1f} s", took), .cached = false};
  if (reached.error().kind() == ErrorKind::interrupted && deadline.stop.stop_requested()) return fail(reached.error());
  if (reached.error().kind() == ErrorKind::timeout) return fail(ErrorKind::timeout, fmt::format("a kernel was still booting with KVM after {:.0f} s", took));
  (void)(*machine)->kill();
  auto log = read_file(scratch.path() / "boot-1.qemu.log");
  return no_kvm(fmt::format("a kernel did not boot with KVM in {:.0f} s: {}", took, log ? complaint_of(*log) : reached.error().message()));
}

}  // namespace

Result<AccelerationVerdict> probe_acceleration(Host& host, const fs::path& kernel, const Deadline& deadline, const AccelerationProbe& how) {
  // Asked each time, and not remembered: who may open it can change at any moment.
  if (host.impl().near && ::access(how.device.c_str(), R_OK | W_OK) != 0)
    return no_kvm(fmt::format("{}: {}", how.device.string(), errno == ENOENT ? "there is none" : "no permission"));
  const std::string id = sha256_of(TRY(fingerprint(host, kernel, how.device))).substr(0, 16);
  const fs::path cache = host.impl().options.cache_dir / "acceleration" / (id + ".json");
  if (auto known = cached_verdict(cache)) return *known;
  auto tried = try_kvm(host, kernel, how.boot_time, deadline);
  // Says nothing about KVM: the host may be too busy for a machine now.
  if (!tried && tried.error().kind() == ErrorKind::timeout) return no_kvm(tried.error().to_string());
  AccelerationVerdict verdict = TRY(std::move(tried));
  nlohmann::json json = {{"kvm", verdict.acceleration == Acceleration::kvm}, {"reason", verdict.reason}};
  TRY_VOID(write_file(cache, json.dump(2) + "\n"));
  return verdict;
}

}  // namespace diglab
