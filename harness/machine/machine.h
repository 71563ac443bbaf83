// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "machine/console_log.h"
#include "machine/host.h"
#include "machine/machine_end.h"
#include "machine/snapshots.h"
#include "machine/spec.h"
#include "os/byte_stream.h"

namespace diglab {

/// One virtual machine, started once and rebooted as often as a scenario likes. The only way to run a VM.
///
/// A boot begins paused; console and agent port are attached, then it runs: no byte is lost. Its end, whatever the cause, is an
/// event from libvirt (or the hang-up of a stream), not a poll: it wakes every wait on the machine at once.
/// Disks are overlays on images that are never written; overlays and TPM state live across reboot() and go with the Machine.
class Machine {
 public:
  struct Files {
    std::filesystem::path evidence;  ///< Directory that gets boot-<n>.log and .index (console), boot-<n>.xml, boot-<n>.qemu.log.
    ConsoleLog::OnLine on_line;      ///< Live console lines; may be empty.
  };

  /// Returns when the first boot runs (not when the guest is up).
  static Result<std::unique_ptr<Machine>> start(Host& host, MachineSpec spec, Files files, const Deadline& deadline);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] const MachineSpec& spec() const;
  [[nodiscard]] const std::string& domain_name() const;
  [[nodiscard]] unsigned boot() const;  ///< 1 for the first.

  /// The agent's port, in this boot. Reading from it when the boot has ended gives error_of() its end; zero
  /// when the agent closed its port in a guest that goes on. Not to be kept across reboot().
  [[nodiscard]] ByteStream& agent();
  /// From now on error_of() is told that the guest was up. Cleared by reboot().
  void agent_answered();

  /// For SnapshotTree: the guest's end of the agent's port is as it was when the snapshot was taken.
  void agent_restored();

  [[nodiscard]] ConsoleLog& console();
  /// Sends bytes to the serial console, as a person who types.
  Result<void> type(std::string_view keys, const Deadline& deadline);
  [[nodiscard]] SnapshotTree& snapshots();

  [[nodiscard]] std::optional<MachineEnd> ended() const;
  Result<MachineEnd> wait_for_end(const Deadline& deadline);

  /// Cuts the power, at once. What QEMU had not written to the overlay is lost. No error when it had ended.
  Result<void> kill();
  /// The next boot of the same disks with the same TPM, after kill() if this one still runs. `changed` replaces
  /// kernel, initrd, cmdline and smbios when given: another kernel on the same disk.
  Result<void> reboot(const Deadline& deadline, const MachineSpec* changed = nullptr);

  /// A command of QEMU's human monitor, with its answer. ErrorKind::timeout and ::interrupted end the boot: nothing can be asked of a QEMU that
  /// still works on something else.
  Result<std::string> monitor(const std::string& command, const Deadline& deadline);

  /// For the evidence: the command lines of QEMU and swtpm (as libvirt ran them), one per line. Empty for remote hosts.
  [[nodiscard]] std::string command_lines() const;

  struct Impl;

 private:
  explicit Machine(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
  SnapshotTree snapshots_;
};

}  // namespace diglab
