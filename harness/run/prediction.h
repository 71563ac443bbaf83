// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

#include "attest/prediction.h"
#include "image/image_request.h"
#include "os/process.h"
#include "scenario/scenario.h"

namespace diglab {

/// What a boot of `image` with that command line measures by the rules of ima_policy=diglim, if nothing runs that is in no list: its
/// digest lists, and those of the initramfs before them, as `diglim predict` says. `initramfs`: the file of `wish.initramfs`, if it has one.
/// `pcr` is the one that is asked for; ErrorKind::bad_input if the command line has another one extended, or if no boot with it can be
/// foretold.
Result<ImaLog> predict_boot(const BuiltImage& image, const MachineWish& wish, const std::optional<std::filesystem::path>& initramfs,
                            std::string_view command_line, std::uint32_t pcr, Processes& processes);

}  // namespace diglab
