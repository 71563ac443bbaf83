// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/channel.h"

namespace diglab::agent {

/// The verbs that read and write files, each performed in a process of its own, so that the agent never blocks. True: the verb is one of
/// them, and its reply has been sent.
bool perform_file_verb(const wire::Json& request, const std::string& content, const Channel& channel);

}  // namespace diglab::agent
