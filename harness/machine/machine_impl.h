// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "machine/boot.h"
#include "machine/host_impl.h"
#include "machine/machine.h"

namespace diglab {

/// The domain behind a Machine: defines it, boots it, hands libvirt's events to the present Boot, and takes it away.
struct Machine::Impl : std::enable_shared_from_this<Machine::Impl> {
  Host::Impl& host;
  MachineSpec spec;
  Machine::Files evidence;
  DomainIdentity identity;
  PlacedFiles placed;
  DomainHandle domain;
  unsigned boots = 0;
  std::string command_lines;

  Impl(Host::Impl& on, MachineSpec what, Machine::Files where) : host(on), spec(std::move(what)), evidence(std::move(where)) {}
  ~Impl();

  Result<void> prepare(const Deadline& deadline);
  /// Kernel and initrd, which may have changed.
  Result<void> place(const Deadline& deadline);
  Result<void> begin_boot(const Deadline& deadline);
  /// Ends the present boot if need be and waits until libvirt has let go of it.
  Result<void> end_boot();
  /// Ends the present boot, whose QEMU was not waited for any longer: it did not answer, or the run is interrupted.
  void abandon(const Error& why);
  void remove();

  [[nodiscard]] std::shared_ptr<Boot> boot() const {
    std::lock_guard lock(mutex_);
    return boot_;
  }

 private:
  Result<void> define();
  Result<void> watch_events();
  Result<void> attach_streams(Boot& boot);
  void watch_processes();
  void forget_processes();
  void store_logs();
  [[nodiscard]] std::filesystem::path stem() const;
  [[nodiscard]] bool qemu_lives() const;
  /// Kills QEMU and swtpm; whether that was possible for QEMU.
  bool kill_processes();

  mutable std::mutex mutex_;
  std::shared_ptr<Boot> boot_;
  int lifecycle_ = -1;  ///< libvirt's numbers for our callbacks.
  int monitor_ = -1;
  int loss_ = -1;
  int tpm_watch_ = -1;
  int qemu_watch_ = -1;
  int tpm_pidfd_ = -1;
  int qemu_pidfd_ = -1;
};

}  // namespace diglab
