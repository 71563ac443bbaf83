// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

#include "tool/digest.h"

namespace diglim::tool {

/// Of a file's owner, mode and protected extended attributes, as the kernel calculates it for portable EVM signatures, with the
/// digest of the content in the place of security.ima (security/integrity/evm/evm_crypto.c). It is the same on every file system.
Result<Digest> metadata_digest_of(const std::filesystem::path& file, const Algorithm& algorithm);

}  // namespace diglim::tool
