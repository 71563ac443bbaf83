// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/result.h"
#include "guest/action.h"
#include "guest/outcome.h"
#include "guest/protocol.h"

/// Requests and outcomes as the JSON of guest/protocol.h.
namespace diglab::codec {

[[nodiscard]] wire::Json encode(const Action& action);
/// ErrorKind::guest_lost when the agent's outcome makes no sense: it is never taken for success.
Result<ActionOutcome> decode_outcome(const wire::Json& json);
[[nodiscard]] GuestErrno decode_errno(const wire::Json& json);
Result<KernelLogRecord> decode_kernel_record(std::string_view raw);
Result<TreeEntry> decode_tree_entry(std::string_view line);

}  // namespace diglab::codec
