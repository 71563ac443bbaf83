// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "attest/prediction.h"
#include "image/image_request.h"

namespace diglab {

/// What a boot of `image` without an initramfs measures into `pcr` by the rules of ima_policy=diglim, if nothing runs that is in no list:
/// its native digest lists.
Result<ImaLog> predict_boot(const BuiltImage& image, std::uint32_t pcr);

}  // namespace diglab
