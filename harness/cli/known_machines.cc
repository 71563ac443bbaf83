// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/known_machines.h"

#include "image/image_set.h"
#include "kernel/kernel_store.h"

namespace diglab {

Result<Known> known_machines(const CliContext& context) {
  const KernelStore kernels(context.cache, context.processes, context.source / "kernel-patches");
  auto flavours = TRY(kernels.flavours());
  auto sets = TRY(list_image_sets(context.source / "guest-image/sets"));
  return Known{.flavours = std::move(flavours), .sets = std::move(sets)};
}

}  // namespace diglab
