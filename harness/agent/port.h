// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <string>

namespace diglab::agent {

/// The device of the virtio-serial port called `name`, which may appear while this waits: udev's link if there is
/// one, otherwise the one that sysfs gives this name. Empty when there is none after `limit`.
[[nodiscard]] std::string find_port(const std::string& name, std::chrono::milliseconds limit);

}  // namespace diglab::agent
