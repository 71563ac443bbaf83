// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "attest/ima_log.h"

namespace diglab {

/// A log with one entry of every template, a custom one and a violation: for tests and as the fuzzer's seed.
[[nodiscard]] ImaLog sample_log_of_every_template(ByteOrder byte_order = ByteOrder::little,
                                                  HashAlgorithm log_digest = HashAlgorithm::sha1);

}  // namespace diglab
