// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/lab.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "image/initramfs.h"
#include "os/files.h"
#include "run/guest_files.h"
#include "run/rpm_programs.h"
#include "scenario/variant.h"

namespace diglab {

Lab::Lab(LabOptions options, Processes& processes, OnPhase phase)
    : options_(std::move(options)),
      processes_(processes),
      phase_(std::move(phase)),
      kernels_(options_.cache, processes, options_.source / "kernel-patches"),
      images_(options_.cache, options_.source / "guest-image", processes) {}

Result<LabKeys> Lab::keys(const Deadline& deadline) {
  if (!keys_) keys_ = TRY(LabKeys::provide(options_.cache, processes_, deadline), "keys of the laboratory");
  return *keys_;
}

Result<BuiltKernel> Lab::kernel(const MachineWish& wish, const Deadline& deadline) {
  std::string flavour = wish.kernel.value_or(std::string(MachineDefaults::kernel));
  if (auto found = built_kernels_.find(flavour); found != built_kernels_.end()) return found->second;
  KernelChoice choice{.source = DebianSource{}, .flavour = flavour};
  if (!options_.kernel.empty()) choice = TRY(parse_kernel_choice(options_.kernel, flavour), "--kernel");
  LabKeys lab_keys = TRY(keys(deadline));
  KernelRequest request = kernel_request(choice, lab_keys);
  if (choice.flavour.find("diglim") != std::string::npos) request.more_patches = options_.more_patches;
  std::string what = fmt::format("kernel {}", choice.flavour);
  auto progress = [&](std::optional<double> fraction, std::string_view doing) {
    // The files that are compiled come by the thousand: each is a step of one phase.
    phase_(fmt::format("{}: {}", what, doing.substr(0, doing.find(':'))), fraction);
  };
  BuiltKernel kernel = TRY(kernels_.provide(request, progress, deadline), what);
  if (!kernel.warning.empty()) phase_(fmt::format("{}: {}", what, kernel.warning), std::nullopt);
  built_kernels_.emplace(flavour, kernel);
  return kernel;
}

Result<BuiltImage> Lab::image(const MachineWish& wish, const Deadline& deadline) {
  std::string set = wish.image.value_or(std::string(MachineDefaults::image));
  bool signatures = wish.ima_signatures.value_or(false);
  BuiltKernel modules_of = TRY(kernel(wish, deadline));
  DigestLists lists = digest_lists_named(wish.digest_lists.value_or("none")).value_or(DigestLists::none);
  std::string suite = options_.suite.empty() ? wish.suite.value_or("") : options_.suite;
  std::string key = fmt::format("{}/{}/{}/{}/{}", set, suite, signatures, to_string(lists), modules_of.id);
  if (auto found = built_images_.find(key); found != built_images_.end()) return found->second;
  TempDir staging = TRY(TempDir::make({}, "diglab-guest-files"));
  auto own = TRY(own_packages(modules_of, suite, staging.path(), deadline));
  ImageRequest request{.set = set,
                       .ima_signatures = signatures,
                       .digest_lists = lists,
                       .own = std::move(own),
                       .suite = suite,
                       .repository = std::nullopt};
  std::string what = fmt::format("image {}{}{}{}", set, suite.empty() ? "" : fmt::format(" of {}", suite), signatures ? " with IMA signatures" : "", lists == DigestLists::none ? "" : fmt::format(" with digest lists ({})", to_string(lists)));
  auto progress = [&](std::optional<double> fraction, std::string_view doing) {
    phase_(fmt::format("{}: {}", what, doing), fraction);
  };
  BuiltImage image = TRY(images_.provide(request, progress, deadline), what);
  built_images_.emplace(key, image);
  return image;
}

Result<std::optional<std::filesystem::path>> Lab::initramfs(const MachineWish& wish, const BuiltImage& image) {
  if (!wish.initramfs) return std::nullopt;
  if (!wish.initramfs->by.empty()) return TRY(image.initramfs(wish.initramfs->by));
  const InitramfsRequest request{.init = std::string(guest_path::switch_root),
                                 .files = wish.initramfs->files,
                                 .lists = initramfs_lists_named(wish.initramfs->lists).value_or(InitramfsLists::none)};
  const std::string bytes = TRY(make_initramfs(image.packages, request));
  auto place = options_.cache / "initramfs" / (sha256_of(bytes).substr(0, 24) + ".cpio");
  if (const auto there = read_file(place); !there || *there != bytes) TRY_VOID(write_file(place, bytes));
  return place;
}

Result<std::vector<OwnPackage>> Lab::own_packages(const BuiltKernel& kernel, const std::string& suite, const std::filesystem::path& staging,
                                                  const Deadline& deadline) {
  if (!suite.empty()) phase_(fmt::format("the rpm plugin for {}", suite), std::nullopt);
  const auto rpm =
      TRY(provide_rpm_programs({.source = options_.source, .binaries = options_.binaries, .cache = options_.cache}, suite, processes_, deadline));
  return lay_out_guest_files({.source = options_.source, .binaries = options_.binaries, .rpm = rpm, .kernel = kernel}, staging);
}

Result<Host*> Lab::host(const Deadline& deadline) {
  if (!host_) {
    phase_("opening the connection to the machines' host", std::nullopt);
    HostOptions wanted;
    wanted.uri = options_.uri;
    wanted.cache_dir = options_.cache;
    if (!options_.pool.empty()) {
    wanted.upload = true;
    wanted.pool_path = options_.pool;
  }
    host_ = TRY(Host::open(std::move(wanted), deadline), "libvirt");
    for (const std::string& line : host_->removed()) phase_(fmt::format("removed what a killed run left behind: {}", line), std::nullopt);
  }
  return host_.get();
}

void Lab::replace_more_patches(std::vector<std::filesystem::path> patches) {
  options_.more_patches = std::move(patches);
  built_kernels_.clear();
  built_images_.clear();  // with that kernel's modules
}

Result<AccelerationVerdict> Lab::acceleration(const Deadline& deadline) {
  if (!acceleration_) {
    Host* where = TRY(host(deadline));
    BuiltKernel any = TRY(kernel({}, deadline));
    phase_("proving the acceleration", std::nullopt);
    acceleration_ = TRY(probe_acceleration(*where, any.image, deadline), "acceleration probe");
  }
  return *acceleration_;
}

KernelRequest kernel_request(const KernelChoice& choice, const LabKeys& keys) {
  return {.source = choice.source,
          .flavour = choice.flavour,
          .trusted_keys_pem = keys.ca_certificate,
          .module_key_pem = keys.module_key,
          .pgp_keys = keys.rpm_public_key_binary,
          .more_patches = {},
          .jobs = 0};
}

MachineSpec machine_spec(const MachineWish& wish, const BuiltKernel& kernel, const BuiltImage& image,
                         const std::optional<std::filesystem::path>& initramfs, Acceleration acceleration) {
  bool systemd = image.set == "systemd";
  std::string init = wish.init.value_or(systemd ? "/usr/lib/systemd/systemd" : std::string(guest_path::init));
  // audit=1: integrity records are made from the first process on. The backlog holds what a boot with many denials makes
  // before the agent listens.
  // loglevel=5: the console has all that could be a kernel's report, warnings included, which "quiet" would leave out.
  MachineWish defaults;
  defaults.cmdline = {"loglevel=5", "root=/dev/vda", "rootfstype=ext4", "rw", "init=" + init, "audit=1", "audit_backlog_limit=8192"};
  if (systemd) defaults.cmdline.push_back("systemd.show_status=auto");  // as with "quiet": what goes well is not printed
  // An emulated core may wait long for a busy host; the kernel would take that for its own stall, or for a lockup (twice the threshold, of which
  // this is the longest).
  if (acceleration == Acceleration::tcg) defaults.cmdline.insert(defaults.cmdline.end(), {"rcupdate.rcu_cpu_stall_timeout=120", "watchdog_thresh=60"});
  MachineWish all = with_overrides(std::move(defaults), wish);
  MachineSpec spec;
  spec.kernel = kernel.image;
  spec.initrd = initramfs;
  spec.cmdline = fmt::format("{}", fmt::join(all.cmdline, " "));
  spec.disk = image.disk;
  spec.cpus = static_cast<unsigned>(wish.cpus.value_or(MachineDefaults::cpus));
  spec.memory_mib = static_cast<unsigned>(wish.memory.value_or(systemd ? 2 * MachineDefaults::memory_mib : MachineDefaults::memory_mib));
  spec.tpm = wish.tpm.value_or(true);
  spec.disk_flush = wish.disk_flush.value_or(false);
  spec.smbios = wish.smbios;
  spec.acceleration = acceleration;
  return spec;
}

}  // namespace diglab
