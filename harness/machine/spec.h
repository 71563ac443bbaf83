// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"

namespace diglab {

/// How guest code is run. Probed, never assumed (machine/acceleration.h).
enum class Acceleration { kvm, tcg };

[[nodiscard]] std::string_view to_string(Acceleration acceleration);
[[nodiscard]] TimeScale time_scale(Acceleration acceleration);

/// A disk beside the root disk. Like that one it is never written: the machine writes an overlay.
struct ExtraDisk {
  std::filesystem::path image;  ///< Raw.
  std::string serial;           ///< The guest finds it as /dev/disk/by-id/virtio-<serial>; at most 20 characters.
};

/// Everything that makes one machine different from another.
struct MachineSpec {
  std::string name = "machine";  ///< Letters, digits, '-'; unique names are made from it.
  std::filesystem::path kernel;
  std::optional<std::filesystem::path> initrd;
  std::string cmdline;  ///< Complete but for "console=ttyS0 panic=-1 no_timer_check", which is put in front.
  std::optional<std::filesystem::path> disk;  ///< Raw image of the root disk (/dev/vda), never written.
  std::vector<ExtraDisk> extra_disks;         ///< /dev/vdb and on.
  unsigned cpus = 1;
  unsigned memory_mib = 512;
  bool tpm = true;
  /// What the guest flushes is flushed to the host's disk as well. Otherwise it stays in the host's memory: a guest whose power is
  /// cut has it, a host would not; and no machine waits for what others write to the disk.
  bool disk_flush = false;
  /// SMBIOS strings by entry, e.g. {"bios.vendor", "x"}, {"system.serial", "y"}: they change firmware measurements.
  std::map<std::string, std::string> smbios;
  Acceleration acceleration = Acceleration::tcg;
  std::vector<std::string> qemu_arguments;  ///< For what libvirt does not model; appended to QEMU's command line.
};

/// The files of a machine as its hypervisor host names them (machine/placement.h).
struct PlacedFiles {
  std::string kernel;
  std::string initrd;                 ///< Empty: none.
  std::vector<std::string> overlays;  ///< qcow2: the root disk, if there is one, then the extra disks.
  std::string console_log;            ///< QEMU itself writes the console there, too. Empty: it does not.
  bool allocate_pcr_banks = false;    ///< The TPM is made by a daemon, which must be told which banks.
};

/// The name of the virtio-serial port that the guest agent opens: /dev/virtio-ports/org.diglab.agent.
inline constexpr std::string_view agent_port_name = "org.diglab.agent";

/// What names one domain, and whose it is.
struct DomainIdentity {
  std::string name;
  std::string uuid;
  std::string owner;  ///< Kept in the metadata, so that what a dead run left with a daemon is recognised.
};

/// The XML namespace of the metadata element that holds DomainIdentity::owner.
inline constexpr std::string_view owner_namespace = "urn:diglab:run";

/// The libvirt domain for `spec`.
[[nodiscard]] std::string domain_xml(const MachineSpec& spec, const PlacedFiles& files, const DomainIdentity& identity);

}  // namespace diglab
