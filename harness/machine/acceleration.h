// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "machine/spec.h"

namespace diglab {

class Host;

struct AccelerationVerdict {
  Acceleration acceleration = Acceleration::tcg;
  std::string reason;   ///< "booted Linux in 0.8 s", "/dev/kvm: there is none", "a kernel did not boot with KVM in 8 s: KVM internal error ..."
  bool cached = false;  ///< Found by an earlier run with the same kernel on this host since it booted.
};

struct AccelerationProbe {
  std::filesystem::path device = "/dev/kvm";
  /// A kernel under KVM is through its boot after a second. One that QEMU stopped is known to be some five seconds later, on a busy host more.
  std::chrono::seconds boot_time{20};
};

/// Finds out whether KVM really runs a kernel, by running one: /dev/kvm can exist, open, answer, and still fail.
///
/// `kernel` is any bzImage with a serial console. A verdict is kept in the cache, under everything that could change it, the kernel included.
/// Never fails because KVM does, and never waits beyond `deadline`. That the device may not be opened, or that a kernel neither booted nor
/// failed in its time, makes the verdict TCG for this once: neither is kept.
Result<AccelerationVerdict> probe_acceleration(Host& host, const std::filesystem::path& kernel, const Deadline& deadline,
                                               const AccelerationProbe& how = {});

}  // namespace diglab
