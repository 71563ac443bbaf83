// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace diglab {

/// How a boot ended.
enum class EndCause {
  shutdown,   ///< The guest powered off.
  reset,      ///< The guest asked for a reset (reboot), with no panic before it.
  panic,      ///< The console showed a panic.
  qemu_died,  ///< QEMU is gone and nobody asked it to go.
  tpm_died,   ///< swtpm is gone: the machine is stopped, since nothing measured after that means anything.
  stopped,    ///< QEMU is there but cannot go on: the disk for overlays is full, KVM gave up, or it does not answer.
  link_lost,  ///< The connection to libvirt broke: what the machine does is not known.
  destroyed,  ///< kill(), reboot() or the end of the run.
};

[[nodiscard]] std::string_view to_string(EndCause cause);

struct MachineEnd {
  EndCause cause;
  std::string reason;  ///< One line: the panic's message, the last words of QEMU's log.
};

/// What a use of an ended machine is answered with. `was_up`: the agent had answered in this boot.
/// A panic, reset or shutdown is ErrorKind::boot before that and ::guest_lost after it; a QEMU that died is ::infra before it and
/// ::guest_lost after it; a dead swtpm, a stopped QEMU and a lost link are ::infra, and a machine that the harness itself destroyed ::interrupted.
[[nodiscard]] Error error_of(const MachineEnd& end, bool was_up);

/// What QEMU's log (as libvirt keeps it) says about its end: the last lines that are neither its command line nor libvirt's own
/// notes. Empty when it said nothing.
[[nodiscard]] std::string last_words(std::string_view qemu_log);

}  // namespace diglab
