// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/read_scenarios.h"

#include "kernel/kernel_store.h"
#include "os/list_descriptions.h"
#include "scenario/catalogue.h"

namespace diglab {
namespace {

Result<Known> known_machines(const CliContext& context) {
  const KernelStore kernels(context.cache, context.processes, context.source / "kernel-patches");
  auto flavours = TRY(kernels.flavours());
  auto sets = TRY(list_descriptions(context.source / "guest-image/sets"));
  return Known{.flavours = std::move(flavours), .sets = std::move(sets)};
}

}  // namespace

Result<std::vector<Scenario>> read_scenarios(const CliContext& context, const std::filesystem::path& directory) {
  return load_scenarios(directory.empty() ? context.source / "scenarios" : directory, TRY(known_machines(context)));
}

Result<Scenario> read_scenario(const CliContext& context, const std::filesystem::path& file) {
  return load_scenario(file, TRY(known_machines(context)));
}

}  // namespace diglab
