// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/strong_id.h"

namespace diglab {

class Machine;

using SnapshotId = StrongId<struct SnapshotIdTag>;

/// Snapshots of one running machine: memory, disks and TPM, taken and restored without restarting QEMU.
///
/// QEMU stores swtpm's permanent and volatile state in the same stream, so a restored machine sees the PCRs of the
/// moment it was saved. That is checked, not trusted: see set_tpm_digest(). They live in the machine's overlay and go with it.
/// Not available while a 9p share is mounted: QEMU then refuses.
class SnapshotTree {
 public:
  /// Something that identifies the TPM's state as the guest sees it: its PCR values.
  using TpmDigest = std::function<Result<std::string>(const Deadline&)>;

  explicit SnapshotTree(Machine& machine) : machine_(machine) {}

  /// From now on every save() asks `digest` and remembers the answer, and every restore() asks again and compares.
  void set_tpm_digest(TpmDigest digest);
  /// Called by every restore(): before the machine goes back, and when it has, before the TPM's digest is asked for. The moments to
  /// end the epoch with the agent, and to begin a new one. All are given the deadline of the save() or restore().
  void on_restore(std::function<void()> before, std::function<Result<void>(const Deadline&)> after);

  // A QEMU that has not done it at the deadline is ended with the boot: ErrorKind::timeout, or ::interrupted.
  Result<SnapshotId> save(std::string_view label, const Deadline& deadline);
  /// ErrorKind::diverged when the TPM is not what it was.
  Result<void> restore(const SnapshotId& id, const Deadline& deadline);
  Result<void> remove(const SnapshotId& id, const Deadline& deadline);
  [[nodiscard]] std::vector<SnapshotId> list() const;
  [[nodiscard]] SnapshotId parent(const SnapshotId& id) const;  ///< Empty for the first ones.

 private:
  struct Node {
    SnapshotId parent;
    std::string tpm;  ///< The TPM's digest, if asked for.
  };
  friend class Machine;
  void forget();  ///< A new boot: the tree starts anew.

  Machine& machine_;
  TpmDigest digest_;
  std::function<void()> before_restore_;
  std::function<Result<void>(const Deadline&)> after_restore_;
  std::map<SnapshotId, Node> nodes_;
  SnapshotId current_;
  unsigned next_ = 1;
};

}  // namespace diglab
