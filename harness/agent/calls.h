// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/channel.h"

namespace diglab::agent {

/// Performs a command's calls in the calling process, which is there for nothing else, and reports through the channel.
/// Does not return: an exec replaces the process, otherwise it exits.
[[noreturn]] void perform_calls(const wire::Json& command, const Handles& handles, const Channel& channel);

}  // namespace diglab::agent
