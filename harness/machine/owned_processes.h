// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// A QEMU or swtpm process of this host, found by what its command line says.
struct HypervisorProcess {
  pid_t pid = 0;
  std::string program;               ///< "qemu-system-x86_64", "swtpm"
  std::vector<std::string> command;  ///< Its argv.
  int pidfd = -1;                    ///< Names this very process, also when its number is used again. The finder closes it.
};

/// Decides from a program's name and command line whether a process is one of ours: a QEMU or swtpm (nothing else, whatever its
/// arguments) with an argument that holds `mark`, which is long and random: a run's directory, a domain's UUID.
[[nodiscard]] bool is_hypervisor_process(std::string_view program, const std::vector<std::string>& command, std::string_view mark);

[[nodiscard]] std::vector<HypervisorProcess> find_hypervisor_processes(std::string_view mark);
void close_all(std::vector<HypervisorProcess>& processes);

/// Kills those that find_hypervisor_processes() finds, waits until they are gone, and says which they were.
std::vector<std::string> kill_hypervisor_processes(std::string_view mark);

}  // namespace diglab
