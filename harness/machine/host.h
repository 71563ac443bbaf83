// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "machine/acceleration.h"

namespace diglab {

class Placement;

struct HostOptions {
  std::string uri;                  ///< Empty: libvirt's QEMU driver inside this process. Else any libvirt URI with that driver.
  std::filesystem::path state_dir;  ///< Holds one directory per run; empty: RunDirectory::default_parent(). A short path: sockets live there.
  std::filesystem::path cache_dir;  ///< For the TPM template, QEMU's capabilities and the acceleration verdict.
  bool upload = false;              ///< Copy images into a storage pool of the host even if it could read ours.
  std::string pool_path = "/var/lib/libvirt/images/diglab";  ///< The pool's directory on hosts that get copies.
  std::filesystem::path log_dir;  ///< Where a daemon of this host keeps QEMU's logs, if not where the system's does.
};

/// Where machines run: one libvirt connection, its event loop, and this run's private directory.
///
/// Everything that differs between URIs is in here and in machine/placement.h; a Machine does not know which it is.
/// Opening removes what runs that were killed left behind (their processes, domains, overlays) and nothing else: each
/// run holds a lock on its directory while it lives. At most one embedded Host per process: libvirt allows one root.
class Host {
 public:
  static Result<std::unique_ptr<Host>> open(HostOptions options, const Deadline& deadline);
  /// Stops the machines that are still there and removes the run's directory.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] const std::string& uri() const;
  /// Private to this run, removed with it. Evidence is written elsewhere.
  [[nodiscard]] const std::filesystem::path& directory() const;
  [[nodiscard]] const std::string& qemu_version() const;    ///< "7.2.22"
  [[nodiscard]] std::vector<std::string> removed() const;   ///< What earlier runs had left, one line each.

  /// PEM certificates, root first, that signed the endorsement keys of this host's TPMs. Empty when a foreign daemon
  /// manufactures them with an authority of its own.
  [[nodiscard]] Result<std::string> tpm_ca_certificates() const;

  /// Removes (or only names) what is in the pool of a host that gets copies and no machine there uses: kernels, disks, overlays of killed runs.
  [[nodiscard]] Result<std::vector<std::string>> remove_uploads(bool only_name);

  // For machine/ alone.
  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  explicit Host(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// For a process that is about to leave without waiting for anything: kills the machines of its embedded Host, if it has
/// one, whatever its other threads are doing. What else the run leaves, the next one removes.
void end_machines_at_once();

}  // namespace diglab
