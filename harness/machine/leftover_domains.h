// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "machine/libvirt_api.h"

namespace diglab {

/// How a run names itself in the metadata of its domains: this host, then the run's directory.
[[nodiscard]] std::string owner_name(const std::string& run_directory);

/// Whether `owner` is a run of this host that is over. A run of another host is nobody's to judge here.
[[nodiscard]] bool is_dead_owner(const std::string& owner);

/// Stops and undefines, with its TPM, one domain.
void remove_domain(virDomainPtr domain);

/// Removes the domains of diglab runs that `wanted` says yes to, given their owner; returns one line for each.
std::vector<std::string> remove_domains(virConnectPtr connection, const std::function<bool(const std::string& owner)>& wanted);

}  // namespace diglab
