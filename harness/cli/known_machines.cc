// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/known_machines.h"

#include "kernel/kernel_store.h"
#include "os/list_descriptions.h"

namespace diglab {

Result<Known> known_machines(const CliContext& context) {
  const KernelStore kernels(context.cache, context.processes, context.source / "kernel-patches");
  auto flavours = TRY(kernels.flavours());
  auto sets = TRY(list_descriptions(context.source / "guest-image/sets"));
  return Known{.flavours = std::move(flavours), .sets = std::move(sets)};
}

}  // namespace diglab
