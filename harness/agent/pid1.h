// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// What the first process of the guest owes to the others. Shared by the init and by an agent that is itself process 1.
namespace diglab::agent {

/// Mounts proc, sysfs (with securityfs), devtmpfs, /run and /tmp where nothing is mounted yet, makes descriptors 0 to 2
/// the console if they are closed, and brings the loopback interface up. What the kernel does not have is left out.
void prepare_system();

/// Asks all processes to end, kills those that do not within a second, syncs, makes the root read-only, and
/// powers off or reboots. Only for process 1.
[[noreturn]] void end_system(bool reboot);

/// At once, as if the power were cut: no sync, no warning to anybody.
void end_machine(bool reboot);

/// Signals with which process 1 is asked for an orderly end; systemd has the same.
[[nodiscard]] int power_off_signal();
[[nodiscard]] int reboot_signal();

}  // namespace diglab::agent
