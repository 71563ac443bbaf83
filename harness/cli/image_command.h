// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/context.h"

namespace diglab {

/// `diglab image build|list|remove`: makes guest disks ahead of the runs that need them, and looks after those in the cache.
void add_image_command(CLI::App& app, CliContext& context, CliAction& chosen);

}  // namespace diglab
