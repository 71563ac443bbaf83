// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "machine/host.h"
#include "machine/libvirt_api.h"
#include "machine/placement.h"
#include "machine/run_directory.h"
#include "machine/tpm_template.h"

namespace diglab {

/// What a Machine may know of its Host.
struct Host::Impl {
  HostOptions options;
  bool embedded = false;
  bool near = false;   ///< The hypervisor's processes and files are on this host.
  std::string owner;   ///< Names this run in the metadata of its domains.
  std::string version;
  std::vector<std::string> removed;
  std::unique_ptr<RunDirectory> run;
  std::optional<TpmTemplate> tpm;
  ConnectionHandle connection;
  std::unique_ptr<Placement> placement;  // after connection: it goes first

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  /// Where the embedded driver looks for the state of the TPM of the domain `uuid`.
  [[nodiscard]] std::filesystem::path tpm_state(const std::string& uuid) const;
  /// libvirt's log of a domain's QEMU, where it can be read.
  [[nodiscard]] std::string qemu_log(const std::string& domain) const;

  /// Calls `then` in the event thread when the connection to libvirt breaks. Returns a number for forget_loss().
  int on_loss(std::function<void(const Error&)> then);
  void forget_loss(int number);
  void lost(const Error& why);

 private:
  std::mutex mutex_;
  std::map<int, std::function<void(const Error&)>> on_loss_;
  int next_ = 0;
};

}  // namespace diglab
