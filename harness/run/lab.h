// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/image_store.h"
#include "image/keys.h"
#include "kernel/kernel_store.h"
#include "machine/host.h"
#include "scenario/scenario.h"

namespace diglab {

/// What every default machine has, where a scenario says nothing else.
struct MachineDefaults {
  static constexpr std::string_view kernel = "stock";
  static constexpr std::string_view image = "minimal";
  /// One, unless a scenario is about more: emulating several, QEMU 7.2 was seen to crash or to corrupt code once in some hundred boots.
  static constexpr int cpus = 1;
  static constexpr int memory_mib = 384;
};

struct LabOptions {
  std::filesystem::path source;    ///< The repository.
  std::filesystem::path cache;
  std::filesystem::path binaries;  ///< Where the build put agent and init.
  std::string uri;                 ///< libvirt's; empty: embedded.
  std::string pool;                ///< Directory of the host that gets copies of our files; empty: only if the host is another machine.
  std::filesystem::path tpm_ca;    ///< PEM certificates that signed the endorsement keys of a foreign host's TPMs; empty: our own.
  std::string kernel;              ///< --kernel: replaces what scenarios ask for; empty: does not.
  std::string suite = {};          ///< --suite: replaces what scenarios ask for; empty: does not.
  std::vector<std::filesystem::path> more_patches = {};  ///< Defects to put into kernels that have our series.
};

/// Kernels, images, keys and the host: all that machines are made of, made when first asked for.
///
/// Building says what it does through `phase`. Asking for the same thing twice builds it once. One thread at a time.
class Lab {
 public:
  using OnPhase = std::function<void(std::string_view what, std::optional<double> fraction)>;

  Lab(LabOptions options, Processes& processes, OnPhase phase);

  /// The keys, the kernel, then the image (which holds the kernel's modules) that a wish comes down to.
  Result<BuiltKernel> kernel(const MachineWish& wish, const Deadline& deadline);
  Result<BuiltImage> image(const MachineWish& wish, const Deadline& deadline);
  /// The initramfs of a wish that has one, made of the image's packages.
  Result<std::optional<std::filesystem::path>> initramfs(const MachineWish& wish, const BuiltImage& image);
  Result<LabKeys> keys(const Deadline& deadline);
  /// Our own packages for guests of a suite (empty: the host's), laid out below `staging`.
  Result<std::vector<OwnPackage>> own_packages(const BuiltKernel& kernel, const std::string& suite, const std::filesystem::path& staging, const Deadline& deadline);

  /// Opens the libvirt connection; needs a kernel for the acceleration probe.
  Result<Host*> host(const Deadline& deadline);
  Result<AccelerationVerdict> acceleration(const Deadline& deadline);

  /// Other defects from now on; what was made with those of before is forgotten. The host stays: libvirt opens only some sixteen embedded ones in the
  /// life of a process.
  void replace_more_patches(std::vector<std::filesystem::path> patches);

  [[nodiscard]] const LabOptions& options() const { return options_; }
  [[nodiscard]] Processes& processes() const { return processes_; }

 private:
  LabOptions options_;
  Processes& processes_;
  OnPhase phase_;
  KernelStore kernels_;
  ImageStore images_;
  std::optional<LabKeys> keys_;
  std::map<std::string, BuiltKernel> built_kernels_;
  std::map<std::string, BuiltImage> built_images_;
  std::unique_ptr<Host> host_;
  std::optional<AccelerationVerdict> acceleration_;
};

/// The kernel that a choice comes down to in a laboratory of these keys: another key is another kernel.
[[nodiscard]] KernelRequest kernel_request(const KernelChoice& choice, const LabKeys& keys);

/// The machine that a wish comes down to, all defaults filled in; files as given.
[[nodiscard]] MachineSpec machine_spec(const MachineWish& wish, const BuiltKernel& kernel, const BuiltImage& image,
                                       const std::optional<std::filesystem::path>& initramfs, Acceleration acceleration);

}  // namespace diglab
