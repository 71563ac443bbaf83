// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "run/session.h"

namespace diglab {

/// Stores what the guest can still tell at the end of a boot: both logs, PCRs, audit records, kernel log, and a quote if a
/// check wants one. What cannot be had is left out with a Fault; nothing here ends the round.
void collect_boot_evidence(Session& session);

/// Makes the guest quote its PCRs, with a credential challenge to its attestation key, and stores all that a verifier needs
/// as a directory (attest/evidence.h). `label` is the step's id, or empty at the end of a boot.
Result<void> collect_quote(Session& session, const std::string& label);

/// Names what the machine recorded by itself in the boot that just ended, also one that never came up: console, domain,
/// QEMU's log, and the command lines of QEMU and swtpm.
void name_machine_evidence(Session& session);

}  // namespace diglab
